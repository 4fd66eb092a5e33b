import type { FlvVideoCodec, VideoFrame } from "./video_body.ts";

/** FrameType, which the legacy and the Enhanced header of video have (FLV 10.1 E.4.3.1). */
export const FrameType = { key: 1, inter: 2, disposable: 3, generatedKey: 4, command: 5 } as const;

/** IsExHeader of Enhanced RTMP, in a body's first byte: in place of the codec id comes a FourCC. */
export const EX_HEADER_FLAG = 0x80;

/** Of the first byte of a body, below the flag of an Enhanced header. */
const FRAME_TYPE_BITS = 0b0111_0000;

/** Whether a body says of a frame by its type what it is; disposable frames are inter frames. */
export function hasFrameType(body: Uint8Array, isKeyFrame: boolean): boolean {
  const frameType = ((body[0] ?? 0) >> 4) & 0b111;
  return isKeyFrame
    ? frameType === FrameType.key || frameType === FrameType.generatedKey
    : frameType === FrameType.inter || frameType === FrameType.disposable;
}

/** A copy of a body with another frame type. */
export function withFrameType(body: Uint8Array, isKeyFrame: boolean): Uint8Array<ArrayBuffer> {
  const copy = body.slice();
  const frameType = isKeyFrame ? FrameType.key : FrameType.inter;
  copy[0] = (copy[0]! & ~FRAME_TYPE_BITS) | (frameType << 4);
  return copy;
}

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
