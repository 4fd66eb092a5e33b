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
}

/** Judges the audio messages of one publisher, and knows what they carry. */
export class AudioTrack {
  readonly statistics = new TrackStatistics();
  #format: AudioFormat | undefined;

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
      return this.#format?.flvCodec === frame.codec ? INTER_FRAME : skip("no-configuration");
    }
    if (this.#format?.flvCodec !== frame.codec) this.#format = formatOf(frame);
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
  };
}

function opusFormat(identificationHeader: Uint8Array): AudioFormat {
  const { channels } = parseOpusHead(identificationHeader);
  // RFC 7845 4: decoders give 48 kHz, whatever was encoded.
  return { flvCodec: "opus", codec: "opus", sampleRate: 48_000, channels };
}

/** Formats that need no configuration say it in each frame; MP3 says it better than FLV does. */
function formatOf(frame: AudioFrame): AudioFormat {
  if (frame.codec === "mp3") {
    const { sampleRate, channels } = parseMpegAudioHeader(frame.data);
    return { flvCodec: "mp3", codec: "mp3", sampleRate, channels };
  }
  return {
    flvCodec: frame.codec,
    codec: frame.codec,
    sampleRate: frame.sampleRate ?? null,
    channels: frame.channels ?? null,
  };
}
