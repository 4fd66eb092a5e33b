/** Where the queue is another's, loss tells, as it does to TCP. */
const STEP_BPS = 100_000;
const STEP_MS = 1000;
const BACK_PART = 0.75;
const MAX_LOSS = 0.02;

/** What is believed exceeds what is used by so much: for a key frame. */
const UNUSED_FACTOR = 1.6;
const UNUSED_BPS = 230_000;

/**
 * What is believed of a link whose queue others keep full: it grows by and by, and falls by loss, as
 * theirs does. Reports are not waited for, as there may be none while little is sent.
 *
 * @example
 * ```ts
 * import { SharedRate } from "./shared_rate.ts";
 *
 * const shared = new SharedRate();
 * shared.begin(0.01, 0);
 * shared.grow(200_000, 150_000, 1000); // 300_000
 * shared.takeLoss(300_000, 0.05, 1500); // 225_000
 * shared.grow(225_000, 150_000, 2000); // 225_000: a second has not passed
 * ```
 */
export class SharedRate {
  #steppedMs = 0;
  #ownLoss = 0;

  /** @param ownLoss what the link loses in any case, 0 to 1 */
  begin(ownLoss: number, nowMs: number): void {
    this.#ownLoss = ownLoss;
    this.#steppedMs = nowMs;
  }

  /** Time has passed. Returns what is to be believed, where so much is used. */
  grow(capacityBps: number, usedBps: number, nowMs: number): number {
    if (capacityBps > usedBps * UNUSED_FACTOR + UNUSED_BPS) return capacityBps;
    if (nowMs - this.#steppedMs < STEP_MS) return capacityBps;
    this.#steppedMs = nowMs;
    return capacityBps + STEP_BPS;
  }

  /** A report has told of loss. Returns what is to be believed. */
  takeLoss(capacityBps: number, lossFraction: number, nowMs: number): number {
    if (lossFraction - this.#ownLoss <= MAX_LOSS) return capacityBps;
    this.#steppedMs = nowMs;
    return capacityBps * BACK_PART;
  }
}
