import { aacCodecString, parseAacConfiguration } from "../codec/aac.ts";
import { CodecError } from "../codec/codec_error.ts";
import { parseMpegAudioHeader } from "../codec/mp3.ts";
import { parseOpusHead } from "../codec/opus.ts";
import { type AudioFrame, parseAudioBody } from "../flv/audio_body.ts";
import { FlvError } from "../flv/flv_error.ts";
import { CONFIGURATION, type Intake, INTER_FRAME, skip } from "./track_intake.ts";
import { TrackStatistics } from "./track_statistics.ts";

/** What is known of a stream's audio. */
export interface AudioDescription {
  /** As in RFC 6381, "mp4a.40.2"; for codecs without such a name, FLV's. */
  readonly codec: string;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  readonly bitrateBps: number | null;
}

interface AudioFormat {
  /** The codec by FLV's name. */
  readonly flvCodec: string;
  readonly codec: string;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  /** Of every frame, where all last as long. */
  readonly frameDurationMs: number | undefined;
}

/** Samples of an AAC frame, at the rate of the core coder. */
const AAC_FRAME_SAMPLES = 1024;

/** Judges the audio messages of one publisher, and knows what they carry. */
export class AudioTrack {
  readonly statistics = new TrackStatistics();
  #format: AudioFormat | undefined;
  #frameDurationMs: number | undefined;

  /** How long the newest frame lasts; `undefined` if its codec does not tell. */
  get frameDurationMs(): number | undefined {
    return this.#frameDurationMs;
  }

  /** What the audio is; `undefined` before its configuration or, without one, its first frame. */
  describe(): AudioDescription | undefined {
    if (this.#format === undefined) return undefined;
    const { codec, sampleRate, channels } = this.#format;
    return { codec, sampleRate, channels, bitrateBps: this.statistics.bitrateBps ?? null };
  }

  /** What to do with an audio message body. Throws nothing. */
  take(body: Uint8Array): Intake {
    try {
      const audio = parseAudioBody(body);
      switch (audio.kind) {
        case "configuration":
          this.#format = audio.codec === "opus" ? opusFormat(audio.data) : aacFormat(audio.data);
          return CONFIGURATION;
        case "frame":
          return this.#takeFrame(audio);
        case "empty":
          return skip("empty");
        case "unsupported":
          return skip("unsupported-codec", `audio codec ${audio.codecId}`);
      }
    } catch (error) {
      if (error instanceof FlvError || error instanceof CodecError) {
        return skip("malformed", error.message);
      }
      throw error;
    }
  }

  #takeFrame(frame: AudioFrame): Intake {
    if (frame.codec === "aac" || frame.codec === "opus") {
      if (this.#format?.flvCodec !== frame.codec) return skip("no-configuration");
    } else if (this.#format?.flvCodec !== frame.codec) {
      this.#format = formatOf(frame);
    }
    this.#frameDurationMs = this.#format.frameDurationMs ?? g711DurationMs(frame);
    return INTER_FRAME;
  }
}

function aacFormat(audioSpecificConfig: Uint8Array): AudioFormat {
  const configuration = parseAacConfiguration(audioSpecificConfig);
  return {
    flvCodec: "aac",
    codec: aacCodecString(configuration),
    sampleRate: configuration.outputSampleRate,
    channels: configuration.ps ? 2 : configuration.channels,
    frameDurationMs: AAC_FRAME_SAMPLES * 1000 / configuration.sampleRate,
  };
}

function opusFormat(identificationHeader: Uint8Array): AudioFormat {
  const { channels } = parseOpusHead(identificationHeader);
  // RFC 7845 4: decoders give 48 kHz, whatever was encoded.
  return {
    flvCodec: "opus",
    codec: "opus",
    sampleRate: 48_000,
    channels,
    frameDurationMs: undefined,
  };
}

/** Formats that need no configuration say it in each frame; MP3 says it better than FLV does. */
function formatOf(frame: AudioFrame): AudioFormat {
  if (frame.codec === "mp3") {
    const { sampleRate, channels, samplesPerFrame } = parseMpegAudioHeader(frame.data);
    const frameDurationMs = samplesPerFrame * 1000 / sampleRate;
    return { flvCodec: "mp3", codec: "mp3", sampleRate, channels, frameDurationMs };
  }
  return {
    flvCodec: frame.codec,
    codec: frame.codec,
    sampleRate: frame.sampleRate ?? null,
    channels: frame.channels ?? null,
    frameDurationMs: undefined,
  };
}

/** One byte is one sample, at a rate of 8 kHz; of other codecs, nothing is known. */
function g711DurationMs({ codec, data, channels }: AudioFrame): number | undefined {
  if (codec !== "g711-alaw" && codec !== "g711-mulaw") return undefined;
  return data.length / (8 * (channels ?? 1));
}
