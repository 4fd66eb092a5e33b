import { VideoPacketType } from "./enhanced_video.ts";
import { FourCc } from "./four_cc.ts";
import { EX_HEADER_FLAG, FrameType } from "./frame_type.ts";

/**
 * How a body of NAL units begins: H.264 in FLV's own way, H.265 in that of Enhanced RTMP or, as
 * encoders did before there was one, with codec id 12.
 */
export type NalVideoHeader = "h264" | "h265" | "h265 by id";

const LEGACY_IDS = { "h264": 7, "h265 by id": 12 } as const;
const LEGACY_CONFIGURATION = 0;
const LEGACY_FRAME = 1;

/** Bytes of either header without a FourCC, and with one. */
const LEGACY_HEADER_SIZE = 5;
const ENHANCED_HEADER_SIZE = 8;

/**
 * The header that goes with a body as it came: H.264 by a FourCC, which few players know, becomes
 * FLV's own.
 */
export function nalVideoHeader(codec: "h264" | "h265", body: Uint8Array): NalVideoHeader {
  if (codec === "h264") return "h264";
  return ((body[0] ?? 0) & EX_HEADER_FLAG) === 0 ? "h265 by id" : "h265";
}

/** Whether a body has the header that {@linkcode nalVideoHeader} gives it. */
export function hasOwnHeader(codec: "h264" | "h265", body: Uint8Array): boolean {
  return codec === "h265" || ((body[0] ?? 0) & EX_HEADER_FLAG) === 0;
}

/** The body of a configuration record. */
export function encodeNalConfigurationBody(
  header: NalVideoHeader,
  record: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(LEGACY_HEADER_SIZE + record.length);
  if (header === "h265") {
    body[0] = EX_HEADER_FLAG | (FrameType.key << 4) | VideoPacketType.sequenceStart;
    new DataView(body.buffer).setUint32(1, FourCc.h265);
  } else {
    body[0] = (FrameType.key << 4) | LEGACY_IDS[header];
    body[1] = LEGACY_CONFIGURATION;
  }
  body.set(record, LEGACY_HEADER_SIZE);
  return body;
}

/** What {@linkcode encodeNalFrameBody} is to say of a frame. */
export interface NalFrameHead {
  readonly isKeyFrame: boolean;
  readonly compositionTimeMs: number;
}

/** The body of a frame of NAL units, each behind its length. */
export function encodeNalFrameBody(
  header: NalVideoHeader,
  { isKeyFrame, compositionTimeMs }: NalFrameHead,
  nalUnits: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const headerSize = header === "h265" ? ENHANCED_HEADER_SIZE : LEGACY_HEADER_SIZE;
  const body = new Uint8Array(headerSize + nalUnits.length);
  const frameType = (isKeyFrame ? FrameType.key : FrameType.inter) << 4;
  if (header === "h265") {
    body[0] = EX_HEADER_FLAG | frameType | VideoPacketType.codedFrames;
    new DataView(body.buffer).setUint32(1, FourCc.h265);
  } else {
    body[0] = frameType | LEGACY_IDS[header];
    body[1] = LEGACY_FRAME;
  }
  body[headerSize - 3] = compositionTimeMs >> 16;
  body[headerSize - 2] = compositionTimeMs >> 8;
  body[headerSize - 1] = compositionTimeMs;
  body.set(nalUnits, headerSize);
  return body;
}
