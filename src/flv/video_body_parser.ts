import { malformed } from "../bytes/malformed.ts";
import { parseEnhancedVideo } from "./enhanced_video.ts";
import {
  EX_HEADER_FLAG,
  FRAME_TYPE_RULE,
  FrameType,
  isFrameType,
  videoFrame,
} from "./frame_type.ts";
import type {
  ConfiguredVideoCodec,
  EmptyVideo,
  FlvVideoCodec,
  VideoBody,
  VideoCommand,
} from "./video_body.ts";

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
 * import { parseVideoBody } from "./video_body_parser.ts";
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
