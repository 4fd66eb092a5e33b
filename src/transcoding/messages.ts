/**
 * All that control and the transcoding worker say to each other: one closed union for each
 * direction. Media never pass here; they cross threads in the stream logs.
 */

import type { CountedBy } from "../metrics/counters.ts";
import type { SharedLog } from "../stream/log_arena.ts";
import type { TranscodingReport } from "./transcoding_report.ts";

/** From control to the worker. */
export type ToTranscoder =
  /** Comes first. */
  | {
    readonly kind: "open";
    /** Int32 words, by `Busy`: which stream is being worked on just now. */
    readonly busy: SharedArrayBuffer;
    readonly counted: CountedBy;
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
