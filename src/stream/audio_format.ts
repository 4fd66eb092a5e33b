import type { Malformed } from "../bytes/malformed.ts";
import { aacCodecString, parseAacConfiguration } from "../codec/aac.ts";
import { parseAc3SyncFrame } from "../codec/ac3.ts";
import { parseFlacStreamInfo } from "../codec/flac.ts";
import { parseMpegAudioHeader } from "../codec/mp3.ts";
import { parseOpusHead } from "../codec/opus.ts";
import type { AudioConfiguration, AudioFrame, FlvAudioCodec } from "../flv/audio_body.ts";

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

/**
 * @param channels as they were said beside the configuration, if they were
 * @throws {CodecError} if the configuration cannot be parsed
 */
export function configuredFormat(
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
      return { ...format, codec, sampleRate: null, channels: channels ?? null };
  }
}

/** What a track without a configuration is by its first frame, if that can be parsed. */
export function unconfiguredFormat(frame: AudioFrame): AudioFormat | Malformed {
  const flvCodec = frame.codec;
  const format = { flvCodec, frameDurationMs: undefined, isConfigured: false };
  switch (flvCodec) {
    case "mp3": {
      const header = parseMpegAudioHeader(frame.data);
      if (header.kind === "malformed") return header;
      const { sampleRate, channels, samplesPerFrame } = header;
      const frameDurationMs = samplesPerFrame * 1000 / sampleRate;
      return { ...format, codec: "mp3", sampleRate, channels, frameDurationMs };
    }
    case "ac3":
    case "eac3": {
      const header = parseAc3SyncFrame(frame.data);
      if (header.kind === "malformed") return header;
      const { codec, sampleRate, channels, samplesPerFrame } = header;
      const frameDurationMs = samplesPerFrame * 1000 / sampleRate;
      return { ...format, codec, sampleRate, channels, frameDurationMs };
    }
    default:
      return {
        ...format,
        codec: flvCodec,
        sampleRate: frame.sampleRate ?? null,
        channels: frame.channels ?? null,
      };
  }
}

/** How long a frame lasts; `undefined` if its codec does not tell. */
export function frameDurationMs(format: AudioFormat, frame: AudioFrame): number | undefined {
  const { codec, data, channels } = frame;
  // One byte is one sample, at a rate of 8 kHz.
  if (codec === "g711-alaw" || codec === "g711-mulaw") return data.length / (8 * (channels ?? 1));
  return format.frameDurationMs;
}
