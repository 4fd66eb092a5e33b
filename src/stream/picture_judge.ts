import type { VideoFrame } from "../flv/video_body.ts";
import { type Intake, skip, skipMalformed } from "./track_intake.ts";
import { VideoAdvice } from "./video_advice.ts";
import {
  pictureFacts,
  unconfiguredFormat,
  type VideoFormat,
  withKeyFrame,
} from "./video_format.ts";

/** What becomes of a picture: it is written, as a key frame or not, or why it is not. */
export type Verdict = "key" | "inter" | Extract<Intake, { kind: "skip" }>;

/** Tells of the pictures of a track what they are, by their own words rather than their tags'. */
export class PictureJudge {
  readonly advice = new VideoAdvice();
  #format: VideoFormat | undefined;
  #hasKeyFrame = false;
  #hasBFrames = false;

  /** Of what was configured last, or came without a configuration. */
  get format(): VideoFormat | undefined {
    return this.#format;
  }

  /** Whether a B picture was seen. */
  get hasBFrames(): boolean {
    return this.#hasBFrames;
  }

  configure(format: VideoFormat): void {
    // Pictures of another codec need nothing that came before, and a key frame of their own.
    if (this.#format?.flvCodec !== format.flvCodec) this.#hasKeyFrame = false;
    this.#format = format;
  }

  /**
   * Judges a picture. Its codec must have been configured, if it needs that.
   *
   * @param units of its NAL units, bits of `NalFact`; 0 of codecs without such
   */
  judge(frame: VideoFrame, encoderMs: number, units: number): Verdict {
    if (this.#format?.flvCodec !== frame.codec) this.configure(unconfiguredFormat(frame.codec));
    const format = this.#format!;
    const facts = pictureFacts(format, frame, units);
    if ("kind" in facts) return skipMalformed(facts);
    this.#hasBFrames ||= facts.isB;
    const isTrueKeyFrame = facts.isKeyFrame ?? frame.isKeyFrame;
    this.advice.notePicture(
      isTrueKeyFrame ? "key" : facts.isRefresh ? "refresh" : "inter",
      encoderMs,
    );
    // A refresh shows all of a picture some time later: a place to begin where there is no better.
    const isStart = isTrueKeyFrame ||
      (facts.isRefresh && (frame.isKeyFrame || this.advice.lacksKeyFrames));
    if (isStart) {
      this.#format = withKeyFrame(format, frame);
      this.#hasKeyFrame = true;
      return "key";
    }
    return this.#hasKeyFrame ? "inter" : AWAITING;
  }
}

const AWAITING = skip("awaiting-key-frame");
