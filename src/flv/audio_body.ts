import { type Malformed, malformed } from "../bytes/malformed.ts";
import { AudioPacketType, parseEnhancedAudio } from "./enhanced_audio.ts";

/** Codecs that have a FourCC (Enhanced RTMP v2); the legacy header has AAC and MP3 as well. */
export type ConfiguredAudioCodec = "aac" | "opus" | "flac" | "ac3" | "eac3" | "mp3";

/**
 * All codecs, those of the legacy header included (FLV 10.1 E.4.2.1). "pcm" is little-endian,
 * "pcm-native" undefined.
 */
export type FlvAudioCodec =
  | ConfiguredAudioCodec
  | "pcm-native"
  | "adpcm"
  | "pcm"
  | "nellymoser"
  | "g711-alaw"
  | "g711-mulaw"
  | "speex";

/** What an audio tag or RTMP audio message carries. */
export type AudioBody =
  | AudioConfiguration
  | AudioFrame
  | AudioEndOfSequence
  | AudioChannels
  | AudioMultitrack
  | UnsupportedAudio
  | EmptyAudio
  | Malformed;

/**
 * What a decoder must know first: an AudioSpecificConfig, for `parseAacConfiguration`, the
 * identification header of Opus, for `parseOpusHead`, or the "fLaC" and STREAMINFO of FLAC.
 */
export interface AudioConfiguration {
  readonly kind: "configuration";
  readonly codec: ConfiguredAudioCodec;
  /** Borrows from the body; empty for Opus whose channels are said otherwise, AC-3 and MP3. */
  readonly data: Uint8Array;
}

export interface AudioFrame {
  readonly kind: "frame";
  readonly codec: FlvAudioCodec;
  /**
   * Hz; `undefined` for AAC, whose header always says 44,100 and its configuration the truth, and
   * behind an Enhanced header.
   */
  readonly sampleRate: number | undefined;
  /** 1 or 2; `undefined` for AAC, where the header always says 2, and behind an Enhanced header. */
  readonly channels: number | undefined;
  /** 8 or 16 for PCM; `undefined` for compressed codecs, where it means nothing. */
  readonly bitsPerSample: number | undefined;
  /** To be added to the tag's timestamp; 0 unless Enhanced RTMP v2 gave one. */
  readonly timestampOffsetNs: number;
  /** Borrows from the body. */
  readonly data: Uint8Array;
}

/** No more sound will follow until the next configuration (Enhanced RTMP v2). */
export interface AudioEndOfSequence {
  readonly kind: "end-of-sequence";
  readonly codec: ConfiguredAudioCodec;
}

/** Which speaker each channel is for (Enhanced RTMP v2, MultichannelConfig). */
export interface AudioChannels {
  readonly kind: "channels";
  readonly codec: ConfiguredAudioCodec;
  readonly channels: number;
  /** Bits of AudioChannelMask, if the channels are in its order. */
  readonly mask: number | undefined;
  /** An AudioChannel for each, if they are in an order of their own. Borrows from the body. */
  readonly speakers: Uint8Array | undefined;
}

/** Packets of tracks with numbers, for `splitAudioTracks` (Enhanced RTMP v2). */
export interface AudioMultitrack {
  readonly kind: "multitrack";
}

/** A codec, or form of it, this server cannot carry. */
export interface UnsupportedAudio {
  readonly kind: "unsupported";
  /** The number of a legacy header, or the FourCC of an Enhanced one, such as "vrbs". */
  readonly codecId: number | string;
}

/** Nothing to hear: a body of no bytes, or a frame without sound. */
export interface EmptyAudio {
  readonly kind: "empty";
}

const CODEC_NELLYMOSER_16K = 4;
const CODEC_NELLYMOSER_8K = 5;
const CODEC_G711_ALAW = 7;
const CODEC_G711_MULAW = 8;
/** ExHeader of Enhanced RTMP v2: in place of rate and channels comes a FourCC. Reserved in FLV 10.1. */
const CODEC_EX_HEADER = 9;
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

/** "Opus" */
const OPUS_FOUR_CC = [0x4f, 0x70, 0x75, 0x73] as const;

/** Packet type and FourCC. */
const OPUS_HEADER_SIZE = 5;

/** Hz by SoundRate. The first is 5.5 kHz; encoders round it down. */
const SAMPLE_RATES = [5512, 11_025, 22_050, 44_100] as const;

const AAC_CONFIGURATION = 0;
const AAC_FRAME = 1;

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
 * import { parseAudioBody } from "./audio_body.ts";
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

/**
 * The audio tag body that carries Opus by Enhanced RTMP v2; the caller owns it.
 *
 * @param kind "configuration" for `data` of `encodeOpusHead`, "frame" for one packet
 *
 * @example
 * ```ts
 * import { encodeOpusBody, parseAudioBody } from "./audio_body.ts";
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
