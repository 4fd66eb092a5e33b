import { CodecError } from "../codec/codec_error.ts";
import type { NalCodec } from "../codec/nal_facts.ts";
import { hasFrameType, withFrameType } from "../flv/frame_type.ts";
import type { VideoConfiguration } from "../flv/video_body.ts";
import { parseVideoBody } from "../flv/video_body_parser.ts";
import { type FrameMessage, NalIntake } from "./nal_intake.ts";
import { PictureJudge } from "./picture_judge.ts";
import {
  type HeldFrame,
  type Intake,
  type MediaTrack,
  NO_INTAKES,
  skip,
  skipMalformed,
} from "./track_intake.ts";
import { TrackStatistics } from "./track_statistics.ts";
import { configuredFormat } from "./video_format.ts";

/** What is known of a stream's video. */
export interface VideoDescription {
  /** As in RFC 6381, "avc1.64001f"; for codecs without such a name, FLV's. */
  readonly codec: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly frameRate: number | null;
  readonly bitrateBps: number | null;
  readonly keyFrameDistanceMs: number | null;
  /** Whether a B picture was seen; `null` if the codec is not looked into. */
  readonly bFrames: boolean | null;
  /** Whether it has intra refresh in place of key frames: browsers show nothing to who joins. */
  readonly refreshes: boolean;
}

/** Codecs of which it is known whether pictures are B pictures. */
const LOOKED_INTO = new Set(["h264", "h265", "av1", "vp9", "vp8"]);

/**
 * Judges the video messages of one track of a publisher, and knows what they carry. What it gives
 * are whole pictures, with frame types that tell the truth.
 */
export class VideoTrack implements MediaTrack {
  readonly statistics = new TrackStatistics();
  readonly frameDurationMs = undefined;
  readonly #judge = new PictureJudge();
  /** Of H.264 and H.265, as long as it is the codec. */
  #nal: NalIntake | undefined;

  get isConfigured(): boolean {
    return this.#judge.format?.isConfigured ?? false;
  }

  get held(): HeldFrame | undefined {
    return this.#nal?.held;
  }

  get advice(): string | undefined {
    return this.#judge.advice.text;
  }

  /** What the video is; `undefined` before its configuration or, without one, its first frame. */
  describe(): VideoDescription | undefined {
    const { format, hasBFrames, advice } = this.#judge;
    if (format === undefined) return undefined;
    const { flvCodec, codec, width, height } = format;
    const { frameRate, bitrateBps, keyFrameDistanceMs } = this.statistics;
    return {
      codec,
      width,
      height,
      frameRate: frameRate ?? null,
      bitrateBps: bitrateBps ?? null,
      keyFrameDistanceMs: keyFrameDistanceMs ?? null,
      bFrames: LOOKED_INTO.has(flvCodec) ? hasBFrames : null,
      refreshes: advice.refreshes,
    };
  }

  take(body: Uint8Array, encoderMs: number, nowMs: number): readonly Intake[] {
    const video = parseVideoBody(body);
    switch (video.kind) {
      case "configuration":
        return this.#takeConfiguration(video, body);
      case "frame":
        return this.#takeFrame({ frame: video, body, encoderMs, nowMs });
      case "metadata":
        // H.264 leaves in FLV's own form, which has no words for colours.
        return video.codec === "h264" ? NO_INTAKES : [{ kind: "supplement", body }];
      case "empty":
        return [skip("empty")];
      case "unsupported":
        return [skip("unsupported-codec", () => `video codec ${video.codecId}`)];
      case "malformed":
        return [skipMalformed(video)];
      case "end-of-sequence":
      case "command":
      case "multitrack":
        return [skip("redundant")];
    }
  }

  release(): readonly Intake[] {
    return this.#nal?.release() ?? NO_INTAKES;
  }

  #takeConfiguration(video: VideoConfiguration, body: Uint8Array): readonly Intake[] {
    const { codec, data } = video;
    const held = this.release();
    if (isNalCodec(codec)) return [...held, this.#nalIntake(codec).configure(data, body)];
    // ffmpeg sends one without anything in it before libaom has made its own.
    if (data.length === 0) return [...held, skip("empty")];
    try {
      this.#judge.configure(configuredFormat(video));
    } catch (error) {
      if (error instanceof CodecError) return [...held, skip("malformed", () => error.message)];
      throw error;
    }
    this.#nal = undefined;
    return [...held, { kind: "configuration", body: withTruth(body, true) }];
  }

  #takeFrame(message: FrameMessage): readonly Intake[] {
    const { codec } = message.frame;
    const held = this.#nal?.codec === codec ? NO_INTAKES : this.release();
    if (!isNalCodec(codec)) this.#nal = undefined;
    const intakes = isNalCodec(codec)
      ? this.#nalIntake(codec).take(message)
      : [this.#takePicture(message)];
    return held.length === 0 ? intakes : [...held, ...intakes];
  }

  #takePicture({ frame, body, encoderMs }: FrameMessage): Intake {
    const verdict = this.#judge.judge(frame, encoderMs, 0);
    if (typeof verdict === "object") return verdict;
    const isKeyFrame = verdict === "key";
    return { kind: "frame", isKeyFrame, encoderMs, body: withTruth(body, isKeyFrame) };
  }

  #nalIntake(codec: NalCodec): NalIntake {
    if (this.#nal?.codec !== codec) this.#nal = new NalIntake(codec, this.#judge);
    return this.#nal;
  }
}

function isNalCodec(codec: string): codec is NalCodec {
  return codec === "h264" || codec === "h265";
}

/** The body with a frame type that says what the frame is. */
function withTruth(body: Uint8Array, isKeyFrame: boolean): Uint8Array {
  return hasFrameType(body, isKeyFrame) ? body : withFrameType(body, isKeyFrame);
}
