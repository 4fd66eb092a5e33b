import { AudioPacketType } from "./enhanced_audio.ts";
import { AAC_CONFIGURATION, AAC_FRAME, CODEC_EX_HEADER } from "./audio_body_parser.ts";
import type { AudioConfiguration, AudioFrame } from "./audio_body.ts";

/** "Opus" */
const OPUS_FOUR_CC = [0x4f, 0x70, 0x75, 0x73] as const;

/** Packet type and FourCC. */
const OPUS_HEADER_SIZE = 5;

/**
 * The audio tag body that carries Opus by Enhanced RTMP v2; the caller owns it.
 *
 * @param kind "configuration" for `data` of `encodeOpusHead`, "frame" for one packet
 *
 * @example
 * ```ts
 * import { parseAudioBody } from "./audio_body_parser.ts";
 * import { encodeOpusBody } from "./audio_body_writer.ts";
 *
 * const body = encodeOpusBody("frame", Uint8Array.of(0xfc, 0xff, 0xfe)); // 20 ms of silence
 * parseAudioBody(body).kind; // "frame"
 * ```
 */
export function encodeOpusBody(
  kind: "configuration" | "frame",
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { sequenceStart, codedFrames } = AudioPacketType;
  const body = new Uint8Array(OPUS_HEADER_SIZE + data.length);
  body[0] = (CODEC_EX_HEADER << 4) | (kind === "configuration" ? sequenceStart : codedFrames);
  body.set(OPUS_FOUR_CC, 1);
  body.set(data, OPUS_HEADER_SIZE);
  return body;
}

/** AAC, 44.1 kHz, 16 bits, two channels: what every header of AAC says (FLV 10.1 E.4.2.1). */
const AAC_HEADER = 0xaf;

/**
 * The audio tag body that carries AAC in FLV's own way; the caller owns it.
 *
 * @param kind "configuration" for an AudioSpecificConfig, "frame" for one raw access unit
 */
export function encodeAacBody(
  kind: "configuration" | "frame",
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(2 + data.length);
  body[0] = AAC_HEADER;
  body[1] = kind === "configuration" ? AAC_CONFIGURATION : AAC_FRAME;
  body.set(data, 2);
  return body;
}

/**
 * A body of AAC as most players read it, who know nothing of Enhanced RTMP: in FLV's own way, by
 * whichever it came.
 *
 * @param body that `aac` was parsed of
 */
export function ownAacBody(aac: AudioConfiguration | AudioFrame, body: Uint8Array): Uint8Array {
  return (body[0] ?? 0) >> 4 === CODEC_EX_HEADER ? encodeAacBody(aac.kind, aac.data) : body;
}
