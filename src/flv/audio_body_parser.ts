import { malformed } from "../bytes/malformed.ts";
import { parseEnhancedAudio } from "./enhanced_audio.ts";
import type { AudioBody, EmptyAudio, FlvAudioCodec } from "./audio_body.ts";

const CODEC_NELLYMOSER_16K = 4;
const CODEC_NELLYMOSER_8K = 5;
const CODEC_G711_ALAW = 7;
const CODEC_G711_MULAW = 8;
/** ExHeader of Enhanced RTMP v2: in place of rate and channels comes a FourCC. Reserved in FLV 10.1. */
export const CODEC_EX_HEADER = 9;
const CODEC_AAC = 10;
const CODEC_SPEEX = 11;
const CODEC_MP3_8K = 14;

/** By SoundFormat. */
const CODECS: readonly (FlvAudioCodec | undefined)[] = [
  "pcm-native",
  "adpcm",
  "mp3",
  "pcm",
  "nellymoser",
  "nellymoser",
  "nellymoser",
  "g711-alaw",
  "g711-mulaw",
  undefined,
  "aac",
  "speex",
  undefined,
  undefined,
  "mp3",
  undefined,
];

/** Hz by SoundRate. The first is 5.5 kHz; encoders round it down. */
const SAMPLE_RATES = [5512, 11_025, 22_050, 44_100] as const;

/** AACPacketType: an AudioSpecificConfig follows (FLV 10.1 E.4.2.2). */
export const AAC_CONFIGURATION = 0;

/** AACPacketType: a raw access unit follows. */
export const AAC_FRAME = 1;

const EMPTY: EmptyAudio = { kind: "empty" };

/**
 * Parses the body of an audio tag, which is also the payload of an RTMP audio message (FLV 10.1
 * E.4.2; Enhanced RTMP v2, "Enhanced Audio"). Data borrow from `body`.
 *
 * A body of no bytes gives "empty" rather than an error: encoders send such messages while the
 * microphone is muted, and nothing is lost by passing over them.
 *
 * It is malformed if it is cut short, or its packet type is undefined. Nothing is thrown.
 *
 * @example
 * ```ts
 * import { parseAudioBody } from "./audio_body_parser.ts";
 *
 * const audio = parseAudioBody(Uint8Array.of(0xaf, 0, 0x12, 0x10));
 * audio.kind; // "configuration"
 * ```
 */
export function parseAudioBody(body: Uint8Array): AudioBody {
  if (body.length === 0) return EMPTY;
  const first = body[0]!;
  const codecId = first >> 4;
  if (codecId === CODEC_AAC) return parseAac(body);
  if (codecId === CODEC_EX_HEADER) return parseEnhancedAudio(body);
  const codec = CODECS[codecId];
  if (codec === undefined) return { kind: "unsupported", codecId };
  if (body.length === 1) return EMPTY;
  const isPcm = codec === "pcm" || codec === "pcm-native";
  return {
    kind: "frame",
    codec,
    sampleRate: sampleRateOf(codecId, first),
    channels: channelsOf(codecId, first),
    bitsPerSample: isPcm ? ((first & 0b10) === 0 ? 8 : 16) : undefined,
    timestampOffsetNs: 0,
    data: body.subarray(1),
  };
}

/** AACAUDIODATA (FLV 10.1 E.4.2.2). */
function parseAac(body: Uint8Array): AudioBody {
  const packetType = body[1];
  if (packetType === AAC_FRAME) {
    if (body.length === 2) return EMPTY;
    return {
      kind: "frame",
      codec: "aac",
      sampleRate: undefined,
      channels: undefined,
      bitsPerSample: undefined,
      timestampOffsetNs: 0,
      data: body.subarray(2),
    };
  }
  if (packetType === AAC_CONFIGURATION) {
    return { kind: "configuration", codec: "aac", data: body.subarray(2) };
  }
  return malformed("parse audio body", "AACPacketType must be 0 or 1", packetType);
}

/** SoundRate has no value for 8 or 16 kHz: codecs that have one rate only say it by themselves. */
function sampleRateOf(codecId: number, first: number): number {
  switch (codecId) {
    case CODEC_NELLYMOSER_16K:
    case CODEC_SPEEX:
      return 16_000;
    case CODEC_NELLYMOSER_8K:
    case CODEC_G711_ALAW:
    case CODEC_G711_MULAW:
    case CODEC_MP3_8K:
      return 8000;
    default:
      return SAMPLE_RATES[((first >> 2) & 0b11) as 0 | 1 | 2 | 3];
  }
}

function channelsOf(codecId: number, first: number): number {
  switch (codecId) {
    case CODEC_NELLYMOSER_16K:
    case CODEC_NELLYMOSER_8K:
    case CODEC_SPEEX:
      return 1;
    default:
      return (first & 1) + 1;
  }
}
