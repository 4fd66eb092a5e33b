import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { parseVp9FrameHeader, type Vp9FrameHeader } from "../../../src/codec/vp9/frame.ts";
import { hideVp9Frame } from "../../../src/codec/vp9/hidden_frame.ts";
import { splitVp9Frames } from "../../../src/codec/vp9/superframe.ts";
import { VP_STREAMS } from "../../../testing/media/bitstreams.ts";
import { surviveMutations } from "../../../testing/mutation.ts";

const REALTIME_WIDTH = parseVp9FrameHeader(VP_STREAMS.vp9Realtime[0]!).width!;
const ALT_REF_WIDTH = parseVp9FrameHeader(VP_STREAMS.vp9AltRef[0]!).width!;

const FRAMES: readonly (readonly [frame: Uint8Array, width: number])[] = [
  ...VP_STREAMS.vp9Realtime.map((frame) => [frame, REALTIME_WIDTH] as const),
  ...VP_STREAMS.vp9AltRef.flatMap(splitVp9Frames).map((frame) => [frame, ALT_REF_WIDTH] as const),
].filter(([frame]) => !parseVp9FrameHeader(frame).showExistingFrame);

function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
}

/** Those of a head with show_frame 0, and intra_only 0 behind error_resilient_mode unless of a key frame. */
function expectedBits(head: Uint8Array, header: Vp9FrameHeader, length: number): string {
  const bits = bitsOf(head);
  const intraOnly = header.isKeyFrame ? "" : "0";
  const shifted = `${bits.slice(0, 6)}0${bits[7]}${intraOnly}${bits.slice(8)}`;
  // What is cut off made its end a whole byte.
  assertEquals(shifted.slice(length).replaceAll("0", ""), "");
  return shifted.slice(0, length).padEnd(length, "0");
}

Deno.test("VP9 frames of libvpx, hidden: all but that is as before", () => {
  for (const [frame, width] of FRAMES) {
    const header = parseVp9FrameHeader(frame);
    if (!header.showFrame) continue;
    const [head, rest] = hideVp9Frame(frame, width);
    const hidden = concat([head, rest]);
    assertEquals(parseVp9FrameHeader(hidden), { ...header, showFrame: false });
    const before = frame.subarray(0, frame.length - rest.length);
    assertEquals(bitsOf(head), expectedBits(before, header, 8 * head.length));
    assert(hidden.length - frame.length <= 1, `${frame.length} bytes became ${hidden.length}`);
    assertEquals(rest.buffer, frame.buffer);
    assertEquals(rest.byteOffset + rest.length, frame.byteOffset + frame.length);
  }
});

Deno.test("VP9 frames, hidden: refused if they are cut short within the header", () => {
  for (const [frame, width] of FRAMES.slice(0, 8)) {
    const [head, rest] = hideVp9Frame(frame, width);
    assert(head.length > 8 && rest.length > 0);
    for (let length = 0; length <= frame.length - rest.length; length++) {
      assertThrows(() => hideVp9Frame(frame.subarray(0, length), width), CodecError);
    }
  }
});

Deno.test("VP9 frames, hidden: whatever is changed in them", () => {
  const heads = FRAMES.slice(0, 8).map(([frame]) => frame.subarray(0, 64));
  surviveMutations(heads, (mutated) => hideVp9Frame(mutated, REALTIME_WIDTH), CodecError);
});
