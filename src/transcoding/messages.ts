/**
 * All that control and the transcoding worker say to each other: one closed union for each
 * direction. Media never pass here; they cross threads in the stream logs.
 */

import type { SharedLog } from "../stream/log_arena.ts";

/** Why sound was left out, or became silence, on its way to Opus. */
export type SoundLoss =
  /** Access units that could not be decoded: silence is in their place. */
  | "damaged"
  /** The worker was too slow: what had waited too long was passed over, so many times. */
  | "late"
  /** Frames that came before what they are was known. */
  | "no-configuration"
  /** Messages that cannot be read. */
  | "malformed"
  /** Messages with more bytes than sound has. */
  | "too-large";

/** Times that each befell a stream's sound; what never did is not there. */
export type SoundLosses = Readonly<Partial<Record<SoundLoss, number>>>;

/** What became of one stream's sound so far. */
export interface TranscodingReport {
  readonly id: number;
  /** Opus packets written. */
  readonly packets: number;
  readonly dropped: SoundLosses;
  /** Milliseconds of silence put in for what was lost. */
  readonly silenceMs: number;
  /** Times that timestamps jumped so far that time started anew. */
  readonly restarts: number;
}

/** From control to the worker. */
export type ToTranscoder =
  /** Comes first. */
  | {
    readonly kind: "open";
    /** Int32 words, by {@linkcode Busy}: which stream is being worked on just now. */
    readonly busy: SharedArrayBuffer;
  }
  | {
    readonly kind: "start";
    readonly id: number;
    /** The log that is read. */
    readonly source: SharedLog;
    /** The number of the audio track in it; `undefined` for the default one. */
    readonly audioTrack: number | undefined;
    /** The log that is written. */
    readonly target: SharedLog;
    /** Milliseconds of media that the target keeps. */
    readonly windowMs: number;
    readonly opusBitrateBps: number;
  }
  | { readonly kind: "stop"; readonly id: number };

/** From the worker to control. */
export type FromTranscoder =
  /** The stream is read from now on; packets follow when it has sound. */
  | { readonly kind: "started"; readonly id: number }
  /** The stream cannot be transcoded. Its logs are not touched any more, the target has ended. */
  | { readonly kind: "failed"; readonly id: number; readonly reason: string }
  /** The stream ended, or was to stop. Its logs are not touched any more, the target has ended. */
  | { readonly kind: "stopped"; readonly id: number; readonly reason: "ended" | "asked" }
  /** A codec itself broke at this stream: the worker does nothing any more and must be replaced. */
  | { readonly kind: "broken"; readonly id: number; readonly reason: string }
  /** Comes every second, and so tells as well that the worker is alive. */
  | { readonly kind: "report"; readonly streams: readonly TranscodingReport[] };

/** Words of the memory that tells whether the worker hangs, and on which stream. */
export const Busy = {
  /** 1 while an access unit is being transcoded. */
  isBusy: 0,
  /** The stream's id. */
  id: 1,
  /** Grows with each access unit: who is busy does not hang. */
  beats: 2,
} as const;
