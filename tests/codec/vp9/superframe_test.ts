import { assert, assertEquals } from "@std/assert";
import { vp9PictureSize } from "../../../src/codec/vp9/picture_size.ts";
import { joinVp9Frames, splitVp9Frames } from "../../../src/codec/vp9/superframe.ts";
import { VP_STREAMS } from "../../../testing/media/bitstreams.ts";
import { NoError } from "../../../testing/malformed.ts";
import { fromHex, seededRandom, surviveMutations } from "../../../testing/mutation.ts";
import { bytesOf } from "../../rtp/receive/bits.ts";

const number = (value: number) => value.toString(2).padStart(16, "0");

/** A key frame of 320x180. */
const KEY_FRAME = fromHex("824983420013f00b30");
/** An inter frame with a size of its own, as that of a higher spatial layer beside a key frame. */
const LARGER = bytesOf(
  `10 00 0 1 1 1  00000000  ${"000 0".repeat(3)} 000  ${number(639)} ${number(479)}`,
);

Deno.test("splitVp9Frames: what was joined comes apart again", () => {
  const random = seededRandom(4);
  for (let count = 1; count <= 8; count++) {
    const frames = Array.from({ length: count }, () => {
      const frame = Uint8Array.from({ length: 1 + random() * 300 | 0 }, () => random() * 256);
      frame[frame.length - 1] = 0;
      return frame;
    });
    assertEquals(splitVp9Frames(joinVp9Frames(frames.map((frame) => [frame]))), frames);
  }
});

Deno.test("splitVp9Frames: what has no index that fits is one frame", () => {
  const whole = joinVp9Frames([[KEY_FRAME], [LARGER]]);
  const cases = [
    new Uint8Array(0),
    Uint8Array.of(0xd9),
    KEY_FRAME,
    whole.subarray(0, whole.length - 1),
    whole.with(whole.length - 1, 0xda),
    // The sizes exceed what there is.
    whole.with(whole.length - 9, 200),
  ];
  for (const data of cases) assertEquals(splitVp9Frames(data), [data]);
  // With an index of one byte a size, as encoders write it.
  const short = Uint8Array.of(1, 2, 3, 0xc1, 2, 1, 0xc1);
  assertEquals(splitVp9Frames(short), [Uint8Array.of(1, 2), Uint8Array.of(3)]);
});

Deno.test("splitVp9Frames: altref superframes of a real encoder", () => {
  const counts = VP_STREAMS.vp9AltRef.map((data) => splitVp9Frames(data).length);
  assert(counts.includes(1) && counts.includes(2), `${counts}`);
});

Deno.test("splitVp9Frames and vp9PictureSize: mutations throw nothing", () => {
  const whole = joinVp9Frames([[KEY_FRAME], [LARGER]]);
  surviveMutations([whole], (bytes) => {
    for (const frame of splitVp9Frames(bytes)) assert(frame.length <= bytes.length);
    vp9PictureSize(bytes);
  }, NoError);
});

Deno.test("vp9PictureSize: of spatial layers, the largest", () => {
  assertEquals(vp9PictureSize(KEY_FRAME), { width: 320, height: 180 });
  assertEquals(vp9PictureSize(joinVp9Frames([[KEY_FRAME], [LARGER]])), {
    width: 640,
    height: 480,
  });
  assertEquals(vp9PictureSize(Uint8Array.of(0)), undefined);
});
