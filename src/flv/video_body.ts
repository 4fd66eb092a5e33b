import { FlvError } from "./flv_error.ts";
import { fourCcAt } from "./four_cc.ts";

/** Codecs of the legacy header (FLV 10.1 E.4.3.1). */
export type FlvVideoCodec = "h264" | "h263" | "vp6" | "vp6-alpha" | "screen" | "screen2";

/** What a video tag or RTMP video message carries. */
export type VideoBody =
  | VideoConfiguration
  | VideoFrame
  | VideoEndOfSequence
  | VideoCommand
  | UnsupportedVideo
  | EmptyVideo;

/** What a decoder must know first: an AVCDecoderConfigurationRecord, for `parseH264Configuration`. */
export interface VideoConfiguration {
  readonly kind: "configuration";
  readonly codec: "h264";
  /** Borrows from the body. */
  readonly data: Uint8Array;
}

export interface VideoFrame {
  readonly kind: "frame";
  readonly codec: FlvVideoCodec;
  readonly isKeyFrame: boolean;
  /** No other frame refers to this one. Only H.263 encoders say so; false means nothing. */
  readonly isDisposable: boolean;
  /** Presentation minus decoding time; the tag's timestamp is the latter. 0 except for H.264. */
  readonly compositionTimeMs: number;
  /** The coded picture; for H.264 NAL units behind their lengths. Borrows from the body. */
  readonly data: Uint8Array;
}

/** No more pictures will follow until the next configuration. */
export interface VideoEndOfSequence {
  readonly kind: "end-of-sequence";
  readonly codec: "h264";
}

/** Frame type 5: a server tells a player that it seeks. Carries no picture. */
export interface VideoCommand {
  readonly kind: "command";
}

/** A codec this server cannot carry. */
export interface UnsupportedVideo {
  readonly kind: "unsupported";
  /** The number of a legacy header, or the FourCC of an Enhanced one, such as "hvc1". */
  readonly codecId: number | string;
}

/** Nothing to show: a body of no bytes, or a frame without a picture. */
export interface EmptyVideo {
  readonly kind: "empty";
}

const FRAME_KEY = 1;
const FRAME_DISPOSABLE = 3;
const FRAME_GENERATED_KEY = 4;
const FRAME_COMMAND = 5;

/** IsExHeader of Enhanced RTMP: in place of the codec id comes a FourCC. */
const EX_HEADER_FLAG = 0x80;

const CODEC_H264 = 7;

/** By CodecID; H.264 has a header of its own. */
const CODECS: readonly (FlvVideoCodec | undefined)[] = [
  undefined,
  undefined,
  "h263",
  "screen",
  "vp6",
  "vp6-alpha",
  "screen2",
  "h264",
];

const H264_CONFIGURATION = 0;
const H264_FRAME = 1;
const H264_END_OF_SEQUENCE = 2;

/** Frame type, AVCPacketType and CompositionTime. */
const H264_HEADER_SIZE = 5;

const EMPTY: EmptyVideo = { kind: "empty" };
const COMMAND: VideoCommand = { kind: "command" };
const END_OF_SEQUENCE: VideoEndOfSequence = { kind: "end-of-sequence", codec: "h264" };

/**
 * Parses the body of a video tag, which is also the payload of an RTMP video message (FLV 10.1
 * E.4.3). Data borrow from `body`.
 *
 * A body of no bytes gives "empty" rather than an error: encoders send such messages as a sign of
 * life or before a picture is ready, and nothing is lost by passing over them.
 *
 * @throws {FlvError} if it is cut short, or its frame or packet type is undefined.
 *
 * @example
 * ```ts
 * import { parseVideoBody } from "./video_body.ts";
 *
 * const video = parseVideoBody(Uint8Array.of(0x17, 1, 0, 0, 40, 0, 0, 0, 1, 0x65));
 * if (video.kind === "frame") video.compositionTimeMs; // 40
 * ```
 */
export function parseVideoBody(body: Uint8Array): VideoBody {
  if (body.length === 0) return EMPTY;
  const first = body[0]!;
  if ((first & EX_HEADER_FLAG) !== 0) return parseEnhanced(body);
  const frameType = first >> 4;
  if (frameType < FRAME_KEY || frameType > FRAME_COMMAND) {
    throw new FlvError(`Cannot parse video body: frame type must be 1..5, got ${frameType}`);
  }
  if (frameType === FRAME_COMMAND) return COMMAND;
  const codecId = first & 0x0f;
  if (codecId === CODEC_H264) return parseH264(body, frameType);
  const codec = CODECS[codecId];
  if (codec === undefined) return { kind: "unsupported", codecId };
  return body.length === 1 ? EMPTY : frame(codec, frameType, 0, body.subarray(1));
}

/** AVCVIDEOPACKET (FLV 10.1 E.4.3.2). */
function parseH264(body: Uint8Array, frameType: number): VideoBody {
  const packetType = body[1];
  // Some encoders end a sequence without a composition time.
  if (packetType === H264_END_OF_SEQUENCE) return END_OF_SEQUENCE;
  if (body.length < H264_HEADER_SIZE) {
    throw new FlvError(
      `Cannot parse video body: H.264 needs ${H264_HEADER_SIZE} bytes, got ${body.length}`,
    );
  }
  const data = body.subarray(H264_HEADER_SIZE);
  if (packetType === H264_FRAME) {
    if (data.length === 0) return EMPTY;
    // A signed integer of 24 bits.
    const compositionTimeMs = ((body[2]! << 24) | (body[3]! << 16) | (body[4]! << 8)) >> 8;
    return frame("h264", frameType, compositionTimeMs, data);
  }
  if (packetType === H264_CONFIGURATION) return { kind: "configuration", codec: "h264", data };
  throw new FlvError(`Cannot parse video body: AVCPacketType must be 0..2, got ${packetType}`);
}

function frame(
  codec: FlvVideoCodec,
  frameType: number,
  compositionTimeMs: number,
  data: Uint8Array,
): VideoFrame {
  return {
    kind: "frame",
    codec,
    isKeyFrame: frameType === FRAME_KEY || frameType === FRAME_GENERATED_KEY,
    isDisposable: frameType === FRAME_DISPOSABLE,
    compositionTimeMs,
    data,
  };
}

function parseEnhanced(body: Uint8Array): UnsupportedVideo {
  if (body.length < 5) {
    throw new FlvError(
      `Cannot parse video body: Enhanced header needs 5 bytes, got ${body.length}`,
    );
  }
  return { kind: "unsupported", codecId: fourCcAt(body, 1) };
}
