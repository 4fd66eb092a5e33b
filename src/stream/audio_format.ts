import { aacCodecString, parseAacConfiguration } from "../codec/sound/aac.ts";
import { parseAc3SyncFrame } from "../codec/sound/ac3.ts";
import { parseFlacStreamInfo } from "../codec/sound/flac.ts";
import { parseMpegAudioHeader } from "../codec/sound/mp3.ts";
import { CodecError } from "../codec/codec_error.ts";
import { parseOpusHead } from "../codec/sound/opus.ts";
import type {
  AudioConfiguration,
  AudioFrame,
  ConfiguredAudioCodec,
  FlvAudioCodec,
} from "../flv/audio_body.ts";

/** What is known of a track's sound, from its configuration or its frames. */
export interface AudioFormat {
  /** By FLV's name. */
  readonly flvCodec: FlvAudioCodec;
  /** As in RFC 6381, or FLV's name. */
  readonly codec: string;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  /** Of every frame, where all last as long. */
  readonly frameDurationMs: number | undefined;
  /** Whether a configuration said it. */
  readonly isConfigured: boolean;
}

/** Samples of an AAC frame, at the rate of the core coder. */
const AAC_FRAME_SAMPLES = 1024;

/** RFC 7845 4: decoders give 48 kHz, whatever was encoded. */
const OPUS_SAMPLE_RATE = 48_000;

/** Whether frames of this codec cannot be decoded without a configuration in front. */
export function needsConfiguration(codec: FlvAudioCodec): boolean {
  return codec === "aac" || codec === "opus" || codec === "flac";
}

/** Whether frames of this codec say themselves what they are. */
export function describesItself(codec: FlvAudioCodec): boolean {
  return codec === "mp3" || codec === "ac3" || codec === "eac3";
}

/** Bytes below which a configuration is none. */
const MIN_CONFIGURATION_SIZES: Readonly<Partial<Record<FlvAudioCodec, number>>> = {
  aac: 2,
  opus: 19,
  flac: 34,
};

/**
 * What a configuration says of the sound; `undefined` if it is too short to be any. One of a kind
 * that cannot be read here says nothing, and is as good as any other to players that can.
 *
 * @param channels as they were said beside the configuration, if they were
 */
export function configuredFormat(
  configuration: AudioConfiguration,
  channels: number | undefined,
): AudioFormat | undefined {
  const { codec, data } = configuration;
  // Of Opus, Enhanced RTMP v2 allows one without anything in it.
  const isLeftOut = codec === "opus" && data.length === 0;
  if (!isLeftOut && data.length < (MIN_CONFIGURATION_SIZES[codec] ?? 0)) return undefined;
  try {
    return readFormat(configuration, channels);
  } catch (error) {
    if (error instanceof CodecError) return unreadFormat(codec, channels);
    throw error;
  }
}

function unreadFormat(codec: ConfiguredAudioCodec, channels: number | undefined): AudioFormat {
  return {
    flvCodec: codec,
    codec: codec === "aac" ? "mp4a" : codec,
    sampleRate: null,
    channels: channels ?? null,
    frameDurationMs: undefined,
    isConfigured: true,
  };
}

/** @throws {CodecError} if the configuration cannot be read */
function readFormat(
  { codec, data }: AudioConfiguration,
  channels: number | undefined,
): AudioFormat {
  const format = { flvCodec: codec, frameDurationMs: undefined, isConfigured: true };
  switch (codec) {
    case "aac": {
      const configuration = parseAacConfiguration(data);
      return {
        ...format,
        codec: aacCodecString(configuration),
        sampleRate: configuration.outputSampleRate,
        channels: configuration.ps ? 2 : configuration.channels,
        frameDurationMs: AAC_FRAME_SAMPLES * 1000 / configuration.sampleRate,
      };
    }
    case "opus": {
      // Enhanced RTMP v2: without one, channels are said beside, or are one or two.
      const head = data.length === 0 ? undefined : parseOpusHead(data);
      const sampleRate = OPUS_SAMPLE_RATE;
      return { ...format, codec, sampleRate, channels: head?.channels ?? channels ?? null };
    }
    case "flac": {
      const { sampleRate, channels, minSamplesPerFrame, maxSamplesPerFrame } = parseFlacStreamInfo(
        data,
      );
      const isEven = minSamplesPerFrame === maxSamplesPerFrame;
      const frameDurationMs = isEven ? maxSamplesPerFrame * 1000 / sampleRate : undefined;
      return { ...format, codec, sampleRate, channels, frameDurationMs };
    }
    case "ac3":
    case "eac3":
    case "mp3":
      // Their frames say it all: the first will.
      return unreadFormat(codec, channels);
  }
}

/** What a track without a configuration is by its first frame; little if that cannot be read. */
export function unconfiguredFormat(frame: AudioFrame): AudioFormat {
  const { codec: flvCodec, sampleRate = null, channels = null } = frame;
  const header = frameHeader(frame);
  const format = { flvCodec, isConfigured: false };
  if (header === undefined || header.kind === "malformed") {
    return { ...format, codec: flvCodec, sampleRate, channels, frameDurationMs: undefined };
  }
  return {
    ...format,
    codec: header.kind === "mpeg-audio" ? "mp3" : header.codec,
    sampleRate: header.sampleRate,
    channels: header.channels,
    frameDurationMs: header.samplesPerFrame * 1000 / header.sampleRate,
  };
}

/** What frames say of themselves, of codecs whose frames do. */
function frameHeader({ codec, data }: AudioFrame) {
  switch (codec) {
    case "mp3":
      return parseMpegAudioHeader(data);
    case "ac3":
    case "eac3":
      return parseAc3SyncFrame(data);
    default:
      return undefined;
  }
}

/** How long a frame lasts; `undefined` if its codec does not tell. */
export function frameDurationMs(format: AudioFormat, frame: AudioFrame): number | undefined {
  const { codec, data, channels } = frame;
  // One byte is one sample, at a rate of 8 kHz.
  if (codec === "g711-alaw" || codec === "g711-mulaw") return data.length / (8 * (channels ?? 1));
  return format.frameDurationMs;
}
