/**
 * `clear`: the link carries the estimate. `congested`: it does not, and a queue is being emptied.
 * `probing`: it is asked whether it carries more.
 */
export type BandwidthState = "clear" | "congested" | "probing";

/** How much a viewer is sent, and what it would be sent at most. All in bits a second, over all. */
export interface BandwidthOptions {
  /** What is believed before anything is known. */
  readonly startBps: number;
  /** Never less than this: sound, which is never given up. */
  readonly minBps: number;
  /** Never more than this: what would be of no use. */
  readonly maxBps: number;
  /** On the clock of all calls, which does not go back. */
  readonly nowMs: number;
}

/** What a sender would like to send. */
export interface BandwidthDemand {
  /** What the next better choice needs; no more than the estimate if there is no better one. */
  readonly wantedBps: number;
  /** Whether what is sent now fits, so that more is of little use; not by default. */
  readonly isContent?: boolean;
  /** How late this side was lately, so that echoes may lie unread; not at all by default. */
  readonly lateMs?: number;
}
