import { CodecError } from "../codec/codec_error.ts";
import { parseVideoBody, type VideoFrame } from "../flv/video_body.ts";
import { type Intake, type MediaTrack, NO_INTAKES, skip, skipMalformed } from "./track_intake.ts";
import { TrackStatistics } from "./track_statistics.ts";
import {
  configuredFormat,
  needsConfiguration,
  pictureFacts,
  unconfiguredFormat,
  type VideoFormat,
  withKeyFrame,
} from "./video_format.ts";

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
}

/** Codecs of which it is known whether pictures are B pictures. */
const LOOKED_INTO = new Set(["h264", "h265", "av1", "vp9", "vp8"]);

/** Judges the video messages of one track of a publisher, and knows what they carry. */
export class VideoTrack implements MediaTrack {
  readonly statistics = new TrackStatistics();
  readonly frameDurationMs = undefined;
  readonly heldSinceMs = undefined;
  #format: VideoFormat | undefined;
  #hasKeyFrame = false;
  #hasBFrames = false;

  get isConfigured(): boolean {
    return this.#format?.isConfigured ?? false;
  }

  /** What the video is; `undefined` before its configuration or, without one, its first frame. */
  describe(): VideoDescription | undefined {
    if (this.#format === undefined) return undefined;
    const { flvCodec, codec, width, height } = this.#format;
    const { frameRate, bitrateBps, keyFrameDistanceMs } = this.statistics;
    return {
      codec,
      width,
      height,
      frameRate: frameRate ?? null,
      bitrateBps: bitrateBps ?? null,
      keyFrameDistanceMs: keyFrameDistanceMs ?? null,
      bFrames: LOOKED_INTO.has(flvCodec) ? this.#hasBFrames : null,
    };
  }

  take(body: Uint8Array, encoderMs: number): readonly Intake[] {
    return [this.#take(body, encoderMs)];
  }

  release(): readonly Intake[] {
    return NO_INTAKES;
  }

  #take(body: Uint8Array, encoderMs: number): Intake {
    try {
      const video = parseVideoBody(body);
      switch (video.kind) {
        case "configuration":
          // ffmpeg sends one without anything in it before libaom has made its own.
          if (video.data.length === 0) return skip("empty");
          this.#configure(configuredFormat(video));
          return { kind: "configuration", body };
        case "frame":
          return this.#takeFrame(video, body, encoderMs);
        case "metadata":
          return { kind: "supplement", body };
        case "empty":
          return skip("empty");
        case "unsupported":
          return skip("unsupported-codec", () => `video codec ${video.codecId}`);
        case "malformed":
          return skipMalformed(video);
        case "end-of-sequence":
        case "command":
        case "multitrack":
          return skip("redundant");
      }
    } catch (error) {
      if (error instanceof CodecError) return skip("malformed", () => error.message);
      throw error;
    }
  }

  #configure(format: VideoFormat): void {
    // Pictures of another codec need nothing that came before, and a key frame of their own.
    if (this.#format?.flvCodec !== format.flvCodec) this.#hasKeyFrame = false;
    this.#format = format;
  }

  #takeFrame(frame: VideoFrame, body: Uint8Array, encoderMs: number): Intake {
    if (this.#format?.flvCodec !== frame.codec) {
      if (needsConfiguration(frame.codec)) return skip("no-configuration");
      this.#format = unconfiguredFormat(frame.codec);
      this.#hasKeyFrame = false;
    }
    const facts = pictureFacts(this.#format, frame);
    if ("kind" in facts) return skipMalformed(facts);
    this.#hasBFrames ||= facts.isB;
    // Viewers begin on what is marked as a key frame: what only says that it is one is none.
    if (frame.isKeyFrame && facts.isKeyFrame !== false) {
      this.#format = withKeyFrame(this.#format, frame);
      this.#hasKeyFrame = true;
      return { kind: "frame", isKeyFrame: true, encoderMs, body };
    }
    if (!this.#hasKeyFrame) return skip("awaiting-key-frame");
    return { kind: "frame", isKeyFrame: false, encoderMs, body };
  }
}
