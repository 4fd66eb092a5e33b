import { assertEquals } from "@std/assert";
import { H264BFrames } from "../../../src/codec/h264/b_frames.ts";
import type { H264PictureVerdict } from "../../../src/codec/h264/reference_tracker.ts";

const KEPT: H264PictureVerdict = {
  type: "P",
  keep: true,
  exact: true,
  reason: undefined,
  marksMissing: false,
};
const INEXACT: H264PictureVerdict = {
  ...KEPT,
  exact: false,
  reason: "refers-to-dropped",
  marksMissing: true,
};
const DROPPED: H264PictureVerdict = { ...KEPT, type: "B", keep: false, exact: false };

Deno.test("B frames: what the SPS announces", () => {
  const announced = (maxReorderFrames: number | undefined) =>
    new H264BFrames({ maxReorderFrames }).summary().announced;
  assertEquals([undefined, 0, 2].map(announced), [undefined, false, true]);
  assertEquals(new H264BFrames(undefined).summary().announced, undefined);
});

Deno.test("B frames: counts, and the delay of what is kept", () => {
  const bFrames = new H264BFrames({ maxReorderFrames: 2 });
  assertEquals(bFrames.summary().reorderDelayMs, 0);
  bFrames.count(KEPT, 67);
  bFrames.count(INEXACT, 167);
  // Rounding is no delay.
  assertEquals(bFrames.summary().reorderDelayMs, 0);
  bFrames.count(DROPPED, 0);
  bFrames.count(KEPT, 66);
  assertEquals(bFrames.summary(), {
    announced: true,
    seen: true,
    keptPictures: 3,
    droppedPictures: 1,
    inexactPictures: 1,
    unsafePictures: 1,
    inexactReason: "refers-to-dropped",
    reorderDelayMs: 101,
  });
});
