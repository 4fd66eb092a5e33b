import { isAv1KeyFrame } from "../src/codec/av1/av1.ts";
import { splitObus } from "../src/codec/av1/obu.ts";
import { h264PictureType } from "../src/codec/h264/slice.ts";
import { h265PictureKind } from "../src/codec/h265/access_unit.ts";
import { isVp9KeyFrame, parseVp9FrameHeader } from "../src/codec/vp9/frame.ts";
import { AV1_STREAMS, H265_STREAMS, VP_STREAMS } from "../testing/media/bitstreams.ts";
import { ACCESS_UNIT_SAMPLES } from "../testing/media/corpus.ts";

/** Defines a bench of 1000 frames, taken in turn from a stream. */
function benchFrames(
  name: string,
  frames: readonly Uint8Array[],
  read: (frame: Uint8Array) => unknown,
): void {
  Deno.bench(`${name}, 1000 frames`, () => {
    for (let index = 0; index < 1000; index++) read(frames[index % frames.length]!);
  });
}

benchFrames("H.264 picture type", ACCESS_UNIT_SAMPLES, (frame) => h264PictureType(frame, 4));
benchFrames("H.265 picture kind", H265_STREAMS.openGop, (frame) => h265PictureKind(frame, 4));
benchFrames("AV1 key frame", AV1_STREAMS.hiddenFrames, (frame) => isAv1KeyFrame(frame));
benchFrames("AV1 OBUs", AV1_STREAMS.hiddenFrames, splitObus);
benchFrames("VP9 key frame", VP_STREAMS.vp9AltRef, isVp9KeyFrame);
benchFrames("VP9 frame header", VP_STREAMS.vp9AltRef, parseVp9FrameHeader);
