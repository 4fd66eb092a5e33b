import type { RoundTripSample } from "./queue_gauge.ts";

/** Above it, a suspicion is confirmed: so often in a row, as viewers stall that are busy. */
const CONFIRMING_QUEUE_MS = 40;
const CONFIRMATIONS = 2;
/** And for so long, as many viewers of one link are sent the same key frame at once. */
const CONFIRMING_MS = 400;
/** For longer than this, they rarely do. */
export const SURE_QUEUE_MS = 180;

/**
 * Of a link that is known to be narrow: one that is longer, and grows by more than this part of the
 * time, is fed with half as much again as passes, and will not stop by itself.
 */
const GROWING_QUEUE_MS = 100;
const GROWING_PART = 0.5;
/** From here on it grows, and is none of a viewer that was slow to answer one echo. */
const GROWING_FROM_MS = 50;

/** Where a queue is short still, so much of what was sent has passed. */
const PASSED_PART = 0.7;

/** What is known with a round trip that may confirm a suspicion. */
export interface ConfirmingSight {
  /** What the link seems to carry by it; Infinity if that cannot be told. */
  readonly seemsBps: number;
  /** The round trip before. */
  readonly before: RoundTripSample | undefined;
  /** Whether the link was narrow before. */
  readonly isNarrow: boolean;
  readonly nowMs: number;
}

/** What part at least of what was sent in the last second has passed a queue of this length. */
export function passedPartOf(queueMs: number): number {
  return queueMs > SURE_QUEUE_MS ? 0 : PASSED_PART;
}

/** Something looks like congestion, and is to be confirmed. */
export class Suspicion {
  #sinceMs: number | undefined;
  #seemsBps = Infinity;
  #confirmations = 0;

  /** `undefined` as long as nothing does. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /** What the link seems to carry; Infinity if that cannot be told. */
  get seemsBps(): number {
    return this.#seemsBps;
  }

  /** One more sign of it. */
  raise(seemsBps: number, nowMs: number): void {
    this.#seemsBps = Math.min(this.#seemsBps, seemsBps);
    this.#sinceMs ??= nowMs;
  }

  /**
   * A round trip tells of the queue. If that confirms that there is congestion, returns what part at
   * least of what was sent in the last second has passed: of a queue that grew by the bursts of others,
   * the newest moment tells too little of ours. A short queue dispels the suspicion.
   */
  confirm(sample: RoundTripSample, sight: ConfirmingSight): number | undefined {
    const { queueMs, sentMs } = sample;
    // What left before it does not tell.
    if (this.#sinceMs === undefined || sentMs < this.#sinceMs) return undefined;
    if (queueMs <= CONFIRMING_QUEUE_MS) {
      this.dispel();
      return undefined;
    }
    this.#seemsBps = Math.min(this.#seemsBps, sight.seemsBps);
    const growth = sight.isNarrow ? growthOf(sample, sight.before) : 0;
    if (growth > GROWING_PART && queueMs > GROWING_QUEUE_MS) return 1 / (1 + growth);
    const isOften = ++this.#confirmations >= CONFIRMATIONS;
    const isConfirmed = isOften && sight.nowMs - this.#sinceMs >= CONFIRMING_MS;
    return isConfirmed || queueMs > SURE_QUEUE_MS ? passedPartOf(queueMs) : undefined;
  }

  dispel(): void {
    this.#confirmations = 0;
    this.#sinceMs = undefined;
    this.#seemsBps = Infinity;
  }
}

/** By what part of the time a queue has grown that was there already. */
function growthOf(sample: RoundTripSample, before: RoundTripSample | undefined): number {
  if (before === undefined || before.queueMs < GROWING_FROM_MS) return 0;
  return (sample.queueMs - before.queueMs) / (sample.sentMs - before.sentMs);
}
