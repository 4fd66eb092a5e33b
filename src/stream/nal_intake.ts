import { concat } from "@std/bytes/concat";
import { howMany } from "../bytes/how_many.ts";
import { arePair, type H264Field, h264FieldOf } from "../codec/h264/field.ts";
import { type NalCodec, NalFact } from "../codec/nal_facts.ts";
import { hasFrameType, withFrameType } from "../flv/frame_type.ts";
import {
  encodeNalConfigurationBody,
  encodeNalFrameBody,
  hasOwnHeader,
  nalVideoHeader,
} from "../flv/nal_video_body.ts";
import type { VideoFrame } from "../flv/video_body.ts";
import { HeldPicture } from "./held_picture.ts";
import { NalStream } from "./nal_stream.ts";
import type { PictureJudge } from "./picture_judge.ts";
import { type HeldFrame, type Intake, NO_INTAKES, skip } from "./track_intake.ts";
import { CONFIGURATION_REMEDY } from "./video_advice.ts";
import { configuredFormat } from "./video_format.ts";

/** Pictures in one message each, after which a stream in pieces is taken for one that is not. */
const WHOLE_PICTURES = 50;

/**
 * Least time between two configurations that are made of parameter sets in band: these change when an
 * encoder is set anew, while to read them costs more than to read a picture.
 */
const MIN_RENEWAL_MS = 100;

/** A frame message, when it was made, and when it came. */
export interface FrameMessage {
  readonly frame: VideoFrame;
  readonly body: Uint8Array;
  readonly encoderMs: number;
  readonly nowMs: number;
}

/**
 * Makes whole pictures of the messages of a track of H.264 or H.265: behind a configuration, with
 * lengths in front of NAL units, and with frame types that tell the truth. A body that is so already
 * is passed on as it is.
 *
 * A message may be a slice. Whether it is the last of its picture shows when the next one begins: so
 * all pictures of a stream that sends them in pieces are held until then, and the first picture of any
 * stream until the next message. Others are passed on at once.
 */
export class NalIntake {
  readonly codec: NalCodec;
  readonly #judge: PictureJudge;
  readonly #stream: NalStream;
  #held: HeldPicture | undefined;
  #newestEncoderMs: number | undefined;
  /** Of an interlaced stream: the field that the newest picture began with. */
  #newestField: H264Field | undefined;
  /** Why the newest picture is not written, if it is not: so it is with the rest of it. */
  #newestSkip: Intake | undefined;
  #pictures: "not known" | "in one message" | "in pieces" = "not known";
  #renewedAtMs = -Infinity;
  /** Pictures in one message since one in pieces, while they are taken for that. */
  #wholePictures = 0;

  constructor(codec: NalCodec, judge: PictureJudge) {
    this.codec = codec;
    this.#judge = judge;
    this.#stream = new NalStream(codec);
  }

  /** The picture that is held. */
  get held(): HeldFrame | undefined {
    return this.#held;
  }

  /** The picture that is held, as far as it has come; it is held no more. */
  release(): readonly Intake[] {
    if (this.#held === undefined) return NO_INTAKES;
    const { frame, messages } = this.#held;
    this.#held = undefined;
    this.#wholePictures = messages === 1 ? this.#wholePictures + 1 : 0;
    return [frame];
  }

  /** Takes a configuration; nothing may be held. */
  configure(data: Uint8Array, body: Uint8Array): Intake {
    const stream = this.#stream;
    switch (stream.configure(data)) {
      case "record":
        this.#judge.configure(configuredFormat({ kind: "configuration", codec: this.codec, data }));
        return this.#asPublished(data, body);
      case "sets":
        return this.#renew(body);
      case "repeated":
        return this.#asPublished(data, body);
      case "replaced":
        return skip("redundant");
      case "empty":
        return skip("empty");
      case "malformed":
        return skip("malformed", () => `configuration of ${this.codec}, ${data.length} bytes`);
    }
  }

  /** Takes a message of a frame. */
  take(message: FrameMessage): readonly Intake[] {
    const read = this.#stream.read(message.frame.data);
    if (read === undefined) {
      return [
        skip(
          "malformed",
          () =>
            `NAL units of ${this.codec} must fill the message of ${message.frame.data.length} bytes`,
        ),
      ];
    }
    const { data, facts } = read;
    if ((facts & NalFact.slice) === 0) return this.#takePrefix(data, facts);
    const isNewTime = this.#newestEncoderMs !== message.encoderMs;
    if ((facts & NalFact.begins) === 0) {
      if (this.#held !== undefined) return this.#takeSlices(this.#held, data);
      if (!isNewTime) return this.#passOverSlices();
    } else if (!isNewTime && this.#isSecondField(data)) {
      if (this.#held !== undefined) return this.#takeSlices(this.#held, data);
      this.#pictures = "in pieces";
    }
    const held = this.release();
    const intake = this.#takePicture(message, data, facts);
    return held.length === 0 ? intake : [...held, ...intake];
  }

  /** Whether a message is the other field of the frame that the newest picture began. */
  #isSecondField(data: Uint8Array): boolean {
    return this.#newestField !== undefined && arePair(this.#newestField, this.#fieldOf(data));
  }

  #fieldOf(data: Uint8Array): H264Field | undefined {
    const { fieldLayout, nalLengthSize = 4 } = this.#judge.format ?? {};
    return fieldLayout && h264FieldOf(data, nalLengthSize, fieldLayout);
  }

  /** Takes the first message of a picture. */
  #takePicture(message: FrameMessage, data: Uint8Array, facts: number): readonly Intake[] {
    const { frame, encoderMs, body, nowMs } = message;
    const isKey = (facts & NalFact.key) !== 0;
    this.#newestEncoderMs = encoderMs;
    if ((facts & NalFact.parameterSets) !== 0) this.#stream.takeSets(data);
    const configuration = this.#configurationFor(isKey, message);
    this.#newestSkip = configuration?.kind === "skip" ? configuration : undefined;
    if (this.#newestSkip !== undefined) return [this.#newestSkip];
    this.#newestField = this.#fieldOf(data);
    const prefix = this.#stream.takePrefix();
    const whole = prefix.length === 0 ? data : concat([...prefix, data]);
    const picture = whole === frame.data ? frame : { ...frame, data: whole };
    const units = prefix.length === 0 ? facts : facts | NalFact.prefix;
    const verdict = this.#judge.judge(picture, encoderMs, units);
    const intake = typeof verdict === "object" ? verdict : {
      kind: "frame",
      isKeyFrame: verdict === "key",
      encoderMs,
      body: this.#bodyOf(picture, frame, body, verdict === "key"),
    } as const;
    if (intake.kind === "skip") this.#newestSkip = intake;
    else if (this.#isHeldBack(facts)) {
      this.#held = new HeldPicture(intake, nowMs, this.#pictures === "not known");
      return configuration === undefined ? NO_INTAKES : [configuration];
    }
    return configuration === undefined ? [intake] : [configuration, intake];
  }

  /**
   * What must come before a picture: a configuration, if what viewers have is not that of the
   * picture, or the reason why there is none.
   */
  #configurationFor(isKey: boolean, { body, nowMs }: FrameMessage): Intake | undefined {
    const { format } = this.#judge;
    const isConfigured = format?.flvCodec === this.codec && format.isConfigured;
    const isDue = isKey && nowMs - this.#renewedAtMs >= MIN_RENEWAL_MS;
    if ((isDue || !isConfigured) && this.#stream.hasNews) {
      this.#renewedAtMs = nowMs;
      return this.#renew(body);
    }
    if (isConfigured) return undefined;
    this.#judge.advice.noteUnconfigured();
    return skip("no-configuration", () => CONFIGURATION_REMEDY);
  }

  /** The body of a picture: the message's, unless something about it is not as players need it. */
  #bodyOf(picture: VideoFrame, frame: VideoFrame, body: Uint8Array, isKeyFrame: boolean) {
    if (picture === frame && hasOwnHeader(this.codec, body)) {
      return hasFrameType(body, isKeyFrame) ? body : withFrameType(body, isKeyFrame);
    }
    const { compositionTimeMs, data } = picture;
    const header = nalVideoHeader(this.codec, body);
    return encodeNalFrameBody(header, { isKeyFrame, compositionTimeMs }, data);
  }

  /** Whether a picture has to wait for the rest of it. To be asked once for each. */
  #isHeldBack(facts: number): boolean {
    switch (this.#pictures) {
      case "in one message":
        return false;
      case "in pieces":
        if (this.#wholePictures < WHOLE_PICTURES) return true;
        this.#pictures = "in one message";
        return false;
      case "not known": {
        // Of an encoder that puts slices together, or once a second picture has come.
        const isKnown = (facts & NalFact.slices) !== 0 || this.#wholePictures > 0;
        if (isKnown) this.#pictures = "in one message";
        return !isKnown;
      }
    }
  }

  #takeSlices(held: HeldPicture, data: Uint8Array): readonly Intake[] {
    this.#pictures = "in pieces";
    if (held.add(data)) return NO_INTAKES;
    this.#held = undefined;
    this.#newestSkip = skip(
      "too-large",
      () => `a picture of ${howMany(held.messages, "messages")}`,
    );
    return [this.#newestSkip];
  }

  /** Slices of a picture that is not written, or was written before it was known to have them. */
  #passOverSlices(): readonly Intake[] {
    this.#pictures = "in pieces";
    this.#wholePictures = 0;
    return [this.#newestSkip ?? skip("malformed", () => "slices that come behind their picture")];
  }

  /** NAL units without a picture: they end the one before, and go with the next one. */
  #takePrefix(data: Uint8Array, facts: number): readonly Intake[] {
    const held = (facts & NalFact.prefix) === 0 ? NO_INTAKES : this.release();
    if ((facts & NalFact.parameterSets) !== 0) this.#stream.takeSets(data);
    this.#stream.keepPrefix(data);
    return held;
  }

  #asPublished(data: Uint8Array, body: Uint8Array): Intake {
    const isAsIs = hasOwnHeader(this.codec, body) && hasFrameType(body, true);
    return { kind: "configuration", body: isAsIs ? body : this.#configurationBody(data, body) };
  }

  #renew(body: Uint8Array): Intake {
    const data = this.#stream.nextConfiguration();
    this.#judge.configure(configuredFormat({ kind: "configuration", codec: this.codec, data }));
    return { kind: "configuration", body: this.#configurationBody(data, body) };
  }

  #configurationBody(record: Uint8Array, body: Uint8Array): Uint8Array {
    return encodeNalConfigurationBody(nalVideoHeader(this.codec, body), record);
  }
}
