import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { parseVp9FrameHeader } from "../../../src/codec/vp9/frame.ts";
import { Vp9LargestShown } from "../../../src/codec/vp9/largest_shown.ts";
import { joinVp9Frames, splitVp9Frames } from "../../../src/codec/vp9/superframe.ts";
import { VP_STREAMS } from "../../../testing/media/bitstreams.ts";
import { NoError } from "../../../testing/malformed.ts";
import { surviveMutations } from "../../../testing/mutation.ts";

/** Whether each frame is shown. */
function shownIn(data: Uint8Array): boolean[] {
  return splitVp9Frames(data).map((frame) => parseVp9FrameHeader(frame).showFrame);
}

Deno.test("VP9 of Chromium in two sizes: the larger one alone is shown", () => {
  const largest = new Vp9LargestShown();
  for (const data of VP_STREAMS.vp9Spatial) {
    assertEquals(shownIn(data), [true, true]);
    const made = largest.of(data);
    assertEquals(shownIn(made), [false, true]);
    assert(made.length <= data.length + 1);
    const [before, after] = [data, made].map((superframe) => splitVp9Frames(superframe));
    const headers = before!.map(parseVp9FrameHeader);
    assertEquals(after!.map(parseVp9FrameHeader), [
      { ...headers[0]!, showFrame: false },
      headers[1]!,
    ]);
  }
});

Deno.test("VP9 in two sizes: where the larger one is left out, the other is shown", () => {
  const largest = new Vp9LargestShown();
  const [first, second, third] = VP_STREAMS.vp9Spatial;
  assertEquals(shownIn(largest.of(first!)), [false, true]);
  const small = splitVp9Frames(second!)[0]!.slice();
  assertStrictEquals(largest.of(small), small);
  assertEquals(shownIn(largest.of(third!)), [false, true]);
});

Deno.test("VP9 in two sizes: which come behind a key frame of one", () => {
  const largest = new Vp9LargestShown();
  const [first, second] = VP_STREAMS.vp9Spatial;
  const small = splitVp9Frames(first!)[0]!.slice();
  assertStrictEquals(largest.of(small), small);
  assertEquals(shownIn(largest.of(second!)), [false, true]);
});

Deno.test("VP9 in one size stays as it is, with frames that are hidden already", () => {
  const largest = new Vp9LargestShown();
  for (const stream of [VP_STREAMS.vp9Realtime, VP_STREAMS.vp9AltRef]) {
    for (const data of stream) assertEquals(largest.of(data), data);
  }
  // Of one size, the second would be predicted from another frame than its encoder meant.
  const [key, inter] = VP_STREAMS.vp9Realtime;
  const pair = joinVp9Frames([[key!], [inter!]]);
  assertEquals(new Vp9LargestShown().of(pair), pair);
});

Deno.test("VP9 in two sizes: whatever is changed in it", () => {
  const largest = new Vp9LargestShown();
  const read = (data: Uint8Array<ArrayBuffer>) => {
    const made = largest.of(data);
    assertEquals(splitVp9Frames(made).length, splitVp9Frames(data).length);
  };
  const samples = VP_STREAMS.vp9Spatial.slice(0, 2);
  surviveMutations(samples, read, NoError, { count: 300 });
});
