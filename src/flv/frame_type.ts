import type { FlvVideoCodec, VideoFrame } from "./video_body.ts";

/** FrameType, which the legacy and the Enhanced header of video have (FLV 10.1 E.4.3.1). */
export const FrameType = { key: 1, inter: 2, disposable: 3, generatedKey: 4, command: 5 } as const;

/** What {@linkcode isFrameType} asks for. */
export const FRAME_TYPE_RULE = "frame type must be 1..5";

/** Whether it is one that is defined. */
export function isFrameType(frameType: number): boolean {
  return frameType >= FrameType.key && frameType <= FrameType.command;
}

/** The record of a frame with this frame type; `data` borrow as the caller's do. */
export function videoFrame(
  codec: FlvVideoCodec,
  frameType: number,
  compositionTimeMs: number,
  timestampOffsetNs: number,
  data: Uint8Array,
): VideoFrame {
  return {
    kind: "frame",
    codec,
    isKeyFrame: frameType === FrameType.key || frameType === FrameType.generatedKey,
    isDisposable: frameType === FrameType.disposable,
    compositionTimeMs,
    timestampOffsetNs,
    data,
  };
}
