import { type Malformed, malformedText } from "../bytes/malformed.ts";
import type { TrackStatistics } from "./track_statistics.ts";

/** Why a message did not become a record; its kind is what counters are named by. */
export type SkipReason =
  /** A body without anything in it. */
  | "empty"
  /** A body or configuration that cannot be parsed. */
  | "malformed"
  /** A frame before the configuration that it needs. */
  | "no-configuration"
  /** A frame before the publisher's first key frame. */
  | "awaiting-key-frame"
  /** A codec that cannot be carried. */
  | "unsupported-codec"
  /** Of a track beyond those that a stream may have. */
  | "too-many-tracks"
  /** More bytes than the log or a slot takes. */
  | "too-large"
  /** A configuration that is already in force, or a message that carries no media. */
  | "redundant";

/** One thing that a track makes of what it was given. Bodies may borrow from the message's. */
export type Intake =
  /** What decoders need to know first, or what is said beside it, such as colours. */
  | { readonly kind: "configuration" | "supplement"; readonly body: Uint8Array }
  | FrameIntake
  | SkippedMessage & { readonly kind: "skip" };

/** A frame to be written: whole, as players need it. */
export interface FrameIntake {
  readonly kind: "frame";
  readonly isKeyFrame: boolean;
  /** By the encoder's clock: that of the frame, which need not be that of the message at hand. */
  readonly encoderMs: number;
  readonly body: Uint8Array;
  /** The place of a picture among layers, as `layerBits` has it. */
  readonly layer?: number;
}

/** A frame that a track holds, as there may be more of it to come. */
export interface HeldFrame {
  /** When its first message came. */
  readonly sinceMs: number;
  /** What it takes up. */
  readonly bytes: number;
  /** Whether it is not known of its stream that frames come in pieces: most do not. */
  readonly isOnTrial: boolean;
}

/** A message that was skipped: what the caller may want to log. */
export interface SkippedMessage {
  readonly reason: SkipReason;
  /** What was wrong, where that is known. Text is costly: it is made if it is read. */
  readonly detail?: () => string;
}

/** Nothing to be written, as yet. */
export const NO_INTAKES: readonly Intake[] = [];

/** An intake that skips a message that breaks its format. */
export function skipMalformed(fault: Malformed): Extract<Intake, { kind: "skip" }> {
  return skip("malformed", () => malformedText(fault));
}

/** An intake that skips the message. */
export function skip(reason: SkipReason, detail?: () => string): Extract<Intake, { kind: "skip" }> {
  return detail === undefined ? { kind: "skip", reason } : { kind: "skip", reason, detail };
}

/** What judges the messages of one track, audio or video. */
export interface MediaTrack {
  readonly statistics: TrackStatistics;
  /** How long the newest frame lasts; `undefined` if that is not known. */
  readonly frameDurationMs: number | undefined;
  /** Whether its frames need the configuration that came before them. */
  readonly isConfigured: boolean;
  /** What its publisher should change, as a sentence; `undefined` if nothing. */
  readonly advice: string | undefined;
  /** A frame whose end it has not seen; `undefined` if it holds none. */
  readonly held: HeldFrame | undefined;
  /** What is to be written of a message body of this track, in order. Throws nothing. */
  take(body: Uint8Array, encoderMs: number, nowMs: number): readonly Intake[];
  /** What it holds, which it then holds no more. */
  release(): readonly Intake[];
}
