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

/** What a track makes of a message. */
export type Intake =
  | { readonly kind: "configuration" }
  /** What is said of a track beside its configuration, such as colours. */
  | { readonly kind: "supplement" }
  | { readonly kind: "frame"; readonly isKeyFrame: boolean }
  | {
    readonly kind: "skip";
    readonly reason: SkipReason;
    /** For the log: what was wrong, where that is known. Text is costly: it is made if it is read. */
    readonly detail?: () => string;
  };

export const CONFIGURATION: Intake = { kind: "configuration" };
export const SUPPLEMENT: Intake = { kind: "supplement" };
export const KEY_FRAME: Intake = { kind: "frame", isKeyFrame: true };
export const INTER_FRAME: Intake = { kind: "frame", isKeyFrame: false };

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
  /** What to do with a message body of this track. Throws nothing. */
  take(body: Uint8Array): Intake;
}
