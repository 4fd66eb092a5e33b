import { VideoPacketType } from "./enhanced_video.ts";
import { FourCc } from "./four_cc.ts";
import { EX_HEADER_FLAG, FrameType } from "./frame_type.ts";
import type { ConfiguredVideoCodec } from "./video_body.ts";

/** First byte and FourCC; of a track of its own, the kind of packet and the number besides. */
const HEADER_SIZE = 5;
const TRACK_HEADER_SIZE = 7;
const COMPOSITION_TIME_SIZE = 3;

/** What {@linkcode encodeEnhancedVideoBody} is to say of a packet. */
export interface EnhancedVideoHead {
  readonly kind: "configuration" | "frame";
  readonly codec: ConfiguredVideoCodec;
  /** Configurations count as key frames. */
  readonly isKeyFrame: boolean;
  /** Presentation minus decoding time; only H.264 and H.265 have one. */
  readonly compositionTimeMs: number;
  /** 0 is the default track, which is sent without a number; others are up to 255. */
  readonly trackId: number;
}

/**
 * The body of a video tag with an Enhanced header (Enhanced RTMP v2, "Enhanced Video"); the caller
 * owns it.
 *
 * @param data a configuration record, or a coded picture
 *
 * @example
 * ```ts
 * import { encodeEnhancedVideoBody } from "./enhanced_video_writer.ts";
 *
 * const frame = { kind: "frame", codec: "vp9", isKeyFrame: true } as const;
 * const head = { ...frame, compositionTimeMs: 0, trackId: 0 };
 * encodeEnhancedVideoBody(head, Uint8Array.of(0x82, 0x49)); // 0x91, "vp09", 0x82, 0x49
 * ```
 */
export function encodeEnhancedVideoBody(
  { kind, codec, isKeyFrame, compositionTimeMs, trackId }: EnhancedVideoHead,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { sequenceStart, codedFrames, multitrack } = VideoPacketType;
  const packetType = kind === "configuration" ? sequenceStart : codedFrames;
  const hasTime = kind === "frame" && (codec === "h264" || codec === "h265");
  const headerSize = trackId === 0 ? HEADER_SIZE : TRACK_HEADER_SIZE;
  const dataAt = headerSize + (hasTime ? COMPOSITION_TIME_SIZE : 0);
  const body = new Uint8Array(dataAt + data.length);
  const view = new DataView(body.buffer);
  const isKey = isKeyFrame || kind === "configuration";
  const first = EX_HEADER_FLAG | (isKey ? FrameType.key : FrameType.inter) << 4;
  if (trackId === 0) {
    body[0] = first | packetType;
    view.setUint32(1, FourCc[codec]);
  } else {
    body[0] = first | multitrack;
    body[1] = packetType; // of one track: AvMultitrackType 0
    view.setUint32(2, FourCc[codec]);
    body[6] = trackId;
  }
  if (hasTime) {
    body[dataAt - 3] = compositionTimeMs >> 16;
    body[dataAt - 2] = compositionTimeMs >> 8;
    body[dataAt - 1] = compositionTimeMs;
  }
  body.set(data, dataAt);
  return body;
}
