import { type Malformed, malformed } from "../bytes/malformed.ts";
import { parseEnhancedVideo } from "./enhanced_video.ts";
import { FRAME_TYPE_RULE, FrameType, isFrameType, videoFrame } from "./frame_type.ts";

/** Codecs whose frames follow a configuration record, in FLV's words or by their FourCC. */
export type ConfiguredVideoCodec =
  | "h264"
  | "h265"
  | "av1"
  | "vp9"
  | "vp8";

/** All codecs, those of the legacy header included (FLV 10.1 E.4.3.1). */
export type FlvVideoCodec =
  | ConfiguredVideoCodec
  | "h263"
  | "vp6"
  | "vp6-alpha"
  | "screen"
  | "screen2";

/** What a video tag or RTMP video message carries. */
export type VideoBody =
  | VideoConfiguration
  | VideoFrame
  | VideoEndOfSequence
  | VideoMetadata
  | VideoMultitrack
  | VideoCommand
  | UnsupportedVideo
  | EmptyVideo
  | Malformed;

/**
 * What a decoder must know first: an AVCDecoderConfigurationRecord for `parseH264Configuration`, an
 * HEVCDecoderConfigurationRecord, an AV1CodecConfigurationRecord, or a VPCodecConfigurationRecord.
 */
export interface VideoConfiguration {
  readonly kind: "configuration";
  readonly codec: ConfiguredVideoCodec;
  /** Borrows from the body. */
  readonly data: Uint8Array;
}

export interface VideoFrame {
  readonly kind: "frame";
  readonly codec: FlvVideoCodec;
  /** As the tag says; encoders have been wrong about it. */
  readonly isKeyFrame: boolean;
  /** No other frame refers to this one. Only H.263 encoders say so; false means nothing. */
  readonly isDisposable: boolean;
  /** Presentation minus decoding time; the tag's timestamp is the latter. 0 but for H.264, H.265. */
  readonly compositionTimeMs: number;
  /** To be added to the tag's timestamp; 0 unless Enhanced RTMP v2 gave one. */
  readonly timestampOffsetNs: number;
  /**
   * The coded picture: for H.264 and H.265 NAL units behind their lengths, for AV1 the OBUs of a
   * temporal unit, for VP8 and VP9 a frame or superframe. Borrows from the body.
   */
  readonly data: Uint8Array;
}

/** No more pictures will follow until the next configuration. */
export interface VideoEndOfSequence {
  readonly kind: "end-of-sequence";
  readonly codec: ConfiguredVideoCodec;
}

/** What is said of the pictures that follow, such as their colours (Enhanced RTMP v1). */
export interface VideoMetadata {
  readonly kind: "metadata";
  readonly codec: ConfiguredVideoCodec;
  /** AMF names and values, of which "colorInfo" is defined. Borrows from the body. */
  readonly data: Uint8Array;
}

/** Packets of tracks with numbers, for `splitVideoTracks` (Enhanced RTMP v2). */
export interface VideoMultitrack {
  readonly kind: "multitrack";
}

/** Frame type 5: a server tells a player that it seeks. Carries no picture. */
export interface VideoCommand {
  readonly kind: "command";
}

/** A codec, or form of it, this server cannot carry. */
export interface UnsupportedVideo {
  readonly kind: "unsupported";
  /** The number of a legacy header, or the FourCC of an Enhanced one, such as "vvc1". */
  readonly codecId: number | string;
}

/** Nothing to show: a body of no bytes, or a frame without a picture. */
export interface EmptyVideo {
  readonly kind: "empty";
}

/** IsExHeader of Enhanced RTMP: in place of the codec id comes a FourCC. */
const EX_HEADER_FLAG = 0x80;

/** By CodecID. 12 and 13 are in no specification, but in what encoders sent before FourCCs. */
const CODECS: readonly (FlvVideoCodec | undefined)[] = [
  undefined,
  undefined,
  "h263",
  "screen",
  "vp6",
  "vp6-alpha",
  "screen2",
  "h264",
  undefined,
  undefined,
  undefined,
  undefined,
  "h265",
  "av1",
];

const PACKET_CONFIGURATION = 0;
const PACKET_FRAME = 1;
const PACKET_END_OF_SEQUENCE = 2;

/** Frame type, AVCPacketType and CompositionTime. */
const PACKET_HEADER_SIZE = 5;

const ACTION = "parse video body";
const PACKET_SIZE_RULE = `it must have ${PACKET_HEADER_SIZE} bytes`;

const EMPTY: EmptyVideo = { kind: "empty" };
const COMMAND: VideoCommand = { kind: "command" };

/**
 * Parses the body of a video tag, which is also the payload of an RTMP video message (FLV 10.1
 * E.4.3; Enhanced RTMP v2, "Enhanced Video"). Data borrow from `body`.
 *
 * A body of no bytes gives "empty" rather than an error: encoders send such messages as a sign of
 * life or before a picture is ready, and nothing is lost by passing over them.
 *
 * It is malformed if it is cut short, or its frame or packet type is undefined. Nothing is thrown.
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
  if ((first & EX_HEADER_FLAG) !== 0) return parseEnhancedVideo(body);
  const frameType = first >> 4;
  if (!isFrameType(frameType)) return malformed(ACTION, FRAME_TYPE_RULE, frameType);
  if (frameType === FrameType.command) return COMMAND;
  const codecId = first & 0x0f;
  const codec = CODECS[codecId];
  if (codec === undefined) return { kind: "unsupported", codecId };
  if (codec === "h264" || codec === "h265" || codec === "av1") {
    return parsePacket(body, codec, frameType);
  }
  return body.length === 1 ? EMPTY : videoFrame(codec, frameType, 0, 0, body.subarray(1));
}

/** AVCVIDEOPACKET (FLV 10.1 E.4.3.2), whose form was taken over for other codecs. */
function parsePacket(
  body: Uint8Array,
  codec: ConfiguredVideoCodec,
  frameType: number,
): VideoBody {
  const packetType = body[1];
  // Some encoders end a sequence without a composition time.
  if (packetType === PACKET_END_OF_SEQUENCE) return { kind: "end-of-sequence", codec };
  if (body.length < PACKET_HEADER_SIZE) {
    return malformed(ACTION, PACKET_SIZE_RULE, body.length);
  }
  const data = body.subarray(PACKET_HEADER_SIZE);
  if (packetType === PACKET_FRAME) {
    if (data.length === 0) return EMPTY;
    // A signed integer of 24 bits.
    const compositionTimeMs = ((body[2]! << 24) | (body[3]! << 16) | (body[4]! << 8)) >> 8;
    return videoFrame(codec, frameType, compositionTimeMs, 0, data);
  }
  if (packetType === PACKET_CONFIGURATION) return { kind: "configuration", codec, data };
  return malformed(ACTION, "AVCPacketType must be 0..2", packetType);
}
