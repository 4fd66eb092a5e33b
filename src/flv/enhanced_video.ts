import { BodyReader } from "./body_reader.ts";
import { FourCc, fourCcText } from "./four_cc.ts";
import { FRAME_TYPE_RULE, FrameType, isFrameType, videoFrame } from "./frame_type.ts";
import { PACKET_MOD_EX, readModifiers } from "./mod_ex.ts";
import type {
  ConfiguredVideoCodec,
  EmptyVideo,
  VideoBody,
  VideoCommand,
  VideoMultitrack,
} from "./video_body.ts";

/** VideoPacketType (Enhanced RTMP v2, "ExVideoTagHeader"). */
export const VideoPacketType = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  /** Coded frames whose composition time is 0 and left out. */
  codedFramesX: 3,
  metadata: 4,
  mpeg2TsSequenceStart: 5,
  multitrack: 6,
  modEx: PACKET_MOD_EX,
} as const;

/** Tag and length of a descriptor of MPEG-2 TS; what follows is laid out as in av1C. */
const DESCRIPTOR_HEADER_SIZE = 2;

const FRAME_TYPE_UNSAID = 0;

const EMPTY: EmptyVideo = { kind: "empty" };
const COMMAND: VideoCommand = { kind: "command" };
const MULTITRACK: VideoMultitrack = { kind: "multitrack" };

/**
 * Parses a video body whose first bit says that it has an Enhanced header (Enhanced RTMP v2,
 * "Enhanced Video", of which v1 is a part). Data borrow from `body`. It is malformed if it is cut
 * short, or its frame or packet type is undefined.
 */
export function parseEnhancedVideo(body: Uint8Array): VideoBody {
  const reader = new BodyReader(body, "parse video body");
  const video = readVideo(reader);
  return reader.fault ?? video;
}

function readVideo(reader: BodyReader): VideoBody {
  const first = reader.u8();
  const frameType = (first >> 4) & 0b111;
  let packetType = first & 0b1111;
  let timestampOffsetNs = 0;
  if (packetType === VideoPacketType.modEx) {
    ({ packetType, timestampOffsetNs } = readModifiers(reader));
  }
  if (packetType !== VideoPacketType.metadata) {
    // Some senders, gortmplib among them, say nothing: the payload tells what it is.
    const isKnown = frameType === FRAME_TYPE_UNSAID || isFrameType(frameType);
    if (!isKnown) return reader.refuse(FRAME_TYPE_RULE, frameType);
    // A command has neither FourCC nor packet.
    if (frameType === FrameType.command) return COMMAND;
  }
  if (packetType === VideoPacketType.multitrack) return MULTITRACK;
  const fourCc = reader.u32();
  const codec = videoCodecOf(fourCc);
  if (codec === undefined) return { kind: "unsupported", codecId: fourCcText(fourCc) };
  switch (packetType) {
    case VideoPacketType.codedFrames: {
      const isReordered = codec === "h264" || codec === "h265";
      const compositionTimeMs = isReordered ? reader.i24() : 0;
      if (reader.remaining === 0) return EMPTY;
      return videoFrame(codec, frameType, compositionTimeMs, timestampOffsetNs, reader.rest());
    }
    case VideoPacketType.codedFramesX:
      if (reader.remaining === 0) return EMPTY;
      return videoFrame(codec, frameType, 0, timestampOffsetNs, reader.rest());
    case VideoPacketType.sequenceStart:
      return { kind: "configuration", codec, data: reader.rest() };
    case VideoPacketType.mpeg2TsSequenceStart:
      if (codec !== "av1") return { kind: "unsupported", codecId: fourCcText(fourCc) };
      reader.skip(DESCRIPTOR_HEADER_SIZE);
      return { kind: "configuration", codec, data: reader.rest() };
    case VideoPacketType.sequenceEnd:
      return { kind: "end-of-sequence", codec };
    case VideoPacketType.metadata:
      return { kind: "metadata", codec, data: reader.rest() };
    default:
      return reader.refuse("packet type must be 0..7", packetType);
  }
}

function videoCodecOf(fourCc: number): ConfiguredVideoCodec | undefined {
  switch (fourCc) {
    case FourCc.h264:
      return "h264";
    case FourCc.h265:
      return "h265";
    case FourCc.av1:
      return "av1";
    case FourCc.vp9:
      return "vp9";
    case FourCc.vp8:
      return "vp8";
    default:
      return undefined;
  }
}
