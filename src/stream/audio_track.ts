import { equals } from "@std/bytes/equals";
import { type AdtsFrames, splitAdts } from "../codec/sound/adts.ts";
import type {
  AudioBody,
  AudioChannels,
  AudioConfiguration,
  AudioFrame,
} from "../flv/audio_body.ts";
import { encodeAacBody, ownAacBody } from "../flv/audio_body_writer.ts";
import { parseAudioBody } from "../flv/audio_body_parser.ts";
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

const NO_CONFIGURATION = new Uint8Array(0);

/** What to do about AAC that nobody can play. */
const AAC_WITHOUT_HEADER =
  "The sound is AAC without a header, so that nobody can play it, and is left out. Have the " +
  "encoder send the AAC sequence header, or ADTS: ffmpeg does by -c:a aac, and for AAC that is " +
  "copied by -bsf:a aac_adtstoasc.";

/**
 * Judges the audio messages of one track of a publisher, and knows what they carry. AAC leaves as
 * players of FLV need it: in FLV's own form, and what comes as ADTS without that, behind the
 * configuration that it says.
 */
export class AudioTrack implements MediaTrack {
  readonly statistics = new TrackStatistics();
  readonly held = undefined;
  #format: AudioFormat | undefined;
  #frameDurationMs: number | undefined;
  /** As they were said beside a configuration. */
  #channels: number | undefined;
  /** The AudioSpecificConfig that was made of ADTS, as long as there is no other. */
  #madeConfiguration = NO_CONFIGURATION;
  /** Whether frames came without the configuration that they need. */
  #lacksConfiguration = false;

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

  /** What the publisher should change, in words; `undefined` if nothing. */
  get advice(): string | undefined {
    return this.#lacksConfiguration && this.#format === undefined ? AAC_WITHOUT_HEADER : undefined;
  }

  take(body: Uint8Array, encoderMs: number): readonly Intake[] {
    const audio = parseAudioBody(body);
    const adts = audio.kind === "frame" && audio.codec === "aac"
      ? splitAdts(audio.data)
      : undefined;
    if (adts !== undefined) return this.#takeAdts(adts, encoderMs);
    return this.#take(audio, body, encoderMs);
  }

  release(): readonly Intake[] {
    return NO_INTAKES;
  }

  #take(audio: AudioBody, body: Uint8Array, encoderMs: number): readonly Intake[] {
    switch (audio.kind) {
      case "configuration":
        return [this.#takeConfiguration(audio, body)];
      case "frame":
        return [this.#takeFrame(audio, body, encoderMs)];
      case "channels":
        this.#takeChannels(audio);
        // AAC's own form has no words for speakers.
        return audio.codec === "aac" ? NO_INTAKES : [{ kind: "supplement", body }];
      case "empty":
        return [skip("empty")];
      case "unsupported":
        return [skip("unsupported-codec", () => `audio codec ${audio.codecId}`)];
      case "malformed":
        return [skipMalformed(audio)];
      case "end-of-sequence":
      case "multitrack":
        return [skip("redundant")];
    }
  }

  #takeConfiguration(configuration: AudioConfiguration, body: Uint8Array): Intake {
    const { codec, data } = configuration;
    const format = configuredFormat(configuration, this.#channels);
    if (format === undefined) {
      return skip("malformed", () => `a configuration of ${codec} in ${data.length} bytes`);
    }
    this.#format = format;
    this.#madeConfiguration = NO_CONFIGURATION;
    return { kind: "configuration", body: asPlayed(configuration, body) };
  }

  #takeAdts({ configuration, accessUnits }: AdtsFrames, encoderMs: number): readonly Intake[] {
    const intakes: Intake[] = [];
    const isOpen = this.#format?.flvCodec !== "aac" || this.#madeConfiguration.length > 0;
    if (isOpen && configuration !== undefined && !equals(configuration, this.#madeConfiguration)) {
      intakes.push(...this.#takeBody(encodeAacBody("configuration", configuration), encoderMs));
      this.#madeConfiguration = configuration;
    }
    for (const [at, accessUnit] of accessUnits.entries()) {
      const laterMs = Math.round(at * (this.#format?.frameDurationMs ?? 0));
      intakes.push(...this.#takeBody(encodeAacBody("frame", accessUnit), encoderMs + laterMs));
    }
    return intakes;
  }

  #takeBody(body: Uint8Array, encoderMs: number): readonly Intake[] {
    return this.#take(parseAudioBody(body), body, encoderMs);
  }

  #takeFrame(frame: AudioFrame, body: Uint8Array, encoderMs: number): Intake {
    if (this.#format?.flvCodec !== frame.codec) {
      if (needsConfiguration(frame.codec)) {
        this.#lacksConfiguration = frame.codec === "aac";
        return skip("no-configuration");
      }
      this.#format = unconfiguredFormat(frame);
    } else if (this.#format.sampleRate === null && describesItself(frame.codec)) {
      const { isConfigured } = this.#format;
      this.#format = { ...unconfiguredFormat(frame), isConfigured };
    }
    this.#frameDurationMs = frameDurationMs(this.#format, frame);
    return { kind: "frame", isKeyFrame: false, encoderMs, body: asPlayed(frame, body) };
  }

  #takeChannels({ codec, channels }: AudioChannels): void {
    this.#channels = channels;
    if (this.#format?.flvCodec === codec) this.#format = { ...this.#format, channels };
  }
}

function asPlayed(audio: AudioConfiguration | AudioFrame, body: Uint8Array): Uint8Array {
  return audio.codec === "aac" ? ownAacBody(audio, body) : body;
}
