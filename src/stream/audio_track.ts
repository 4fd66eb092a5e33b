import { CodecError } from "../codec/codec_error.ts";
import { type AudioChannels, type AudioFrame, parseAudioBody } from "../flv/audio_body.ts";
import {
  type AudioFormat,
  configuredFormat,
  describesItself,
  frameDurationMs,
  needsConfiguration,
  unconfiguredFormat,
} from "./audio_format.ts";
import { type Intake, type MediaTrack, NO_INTAKES, skip, skipMalformed } from "./track_intake.ts";
import { TrackStatistics } from "./track_statistics.ts";

/** What is known of a stream's audio. */
export interface AudioDescription {
  /** As in RFC 6381, "mp4a.40.2"; for codecs without such a name, FLV's. */
  readonly codec: string;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  readonly bitrateBps: number | null;
}

/** Judges the audio messages of one track of a publisher, and knows what they carry. */
export class AudioTrack implements MediaTrack {
  readonly statistics = new TrackStatistics();
  readonly held = undefined;
  readonly advice = undefined;
  #format: AudioFormat | undefined;
  #frameDurationMs: number | undefined;
  /** As they were said beside a configuration. */
  #channels: number | undefined;

  get isConfigured(): boolean {
    return this.#format?.isConfigured ?? false;
  }

  get frameDurationMs(): number | undefined {
    return this.#frameDurationMs;
  }

  /** What the audio is; `undefined` before its configuration or, without one, its first frame. */
  describe(): AudioDescription | undefined {
    if (this.#format === undefined) return undefined;
    const { codec, sampleRate, channels } = this.#format;
    return { codec, sampleRate, channels, bitrateBps: this.statistics.bitrateBps ?? null };
  }

  take(body: Uint8Array, encoderMs: number): readonly Intake[] {
    return [this.#take(body, encoderMs)];
  }

  release(): readonly Intake[] {
    return NO_INTAKES;
  }

  #take(body: Uint8Array, encoderMs: number): Intake {
    try {
      const audio = parseAudioBody(body);
      switch (audio.kind) {
        case "configuration":
          this.#format = configuredFormat(audio, this.#channels);
          return { kind: "configuration", body };
        case "frame":
          return this.#takeFrame(audio, body, encoderMs);
        case "channels":
          this.#takeChannels(audio);
          return { kind: "supplement", body };
        case "empty":
          return skip("empty");
        case "unsupported":
          return skip("unsupported-codec", () => `audio codec ${audio.codecId}`);
        case "malformed":
          return skipMalformed(audio);
        case "end-of-sequence":
        case "multitrack":
          return skip("redundant");
      }
    } catch (error) {
      if (error instanceof CodecError) return skip("malformed", () => error.message);
      throw error;
    }
  }

  #takeFrame(frame: AudioFrame, body: Uint8Array, encoderMs: number): Intake {
    if (this.#format?.flvCodec !== frame.codec) {
      if (needsConfiguration(frame.codec)) return skip("no-configuration");
      const format = unconfiguredFormat(frame);
      if ("kind" in format) return skipMalformed(format);
      this.#format = format;
    } else if (this.#format.sampleRate === null && describesItself(frame.codec)) {
      const format = unconfiguredFormat(frame);
      if ("kind" in format) return skipMalformed(format);
      this.#format = { ...format, isConfigured: this.#format.isConfigured };
    }
    this.#frameDurationMs = frameDurationMs(this.#format, frame);
    return { kind: "frame", isKeyFrame: false, encoderMs, body };
  }

  #takeChannels({ codec, channels }: AudioChannels): void {
    this.#channels = channels;
    if (this.#format?.flvCodec === codec) this.#format = { ...this.#format, channels };
  }
}
