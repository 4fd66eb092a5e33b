import { carriedBps } from "./carried_rate.ts";
import type { RoundTripSample } from "./queue_gauge.ts";
import type { SendHistory } from "./send_history.ts";

/** Over less time, what a queue tells is only believed if it tells of less. */
const MIN_DRAIN_MS = 250;

/**
 * Of a queue that gets shorter by more than this part of the time, little was fed: what it tells is
 * wrong by as much as it is right.
 */
const STEEP = -0.6;

/** One that is shorter than this part of the longest is not full, and loses nothing. */
const FULL_PART = 0.8;

/** Of what was believed at first, as little as this may be left by what turns out late. */
const LEAST_LATE_PART = 0.5;

const SHARED_PART = 0.5;

/** What a queue that is being emptied tells the link to carry. */
export class DrainGauge {
  #from: RoundTripSample | undefined;
  #longestMs = 0;
  #beganBps = 0;
  #firstBps = 0;

  /**
   * A queue is to be emptied, of a link that is believed to carry this.
   *
   * @param isAgain whether it is the one before, still
   */
  begin(capacityBps: number, isAgain: boolean): void {
    this.#from = undefined;
    this.#longestMs = 0;
    this.#beganBps = capacityBps;
    if (!isAgain) this.#firstBps = capacityBps;
  }

  /** What is taken of the link where others keep its queue: as much is left to them. */
  get sharedBps(): number {
    return SHARED_PART * this.#firstBps;
  }

  /** What the link carries at most, by what turns out late to have passed before. */
  atMostBps(passedBps: number): number {
    return Math.max(passedBps, LEAST_LATE_PART * this.#beganBps);
  }

  /**
   * What the link is to be believed to carry, upon another round trip.
   *
   * @param lossFraction of what was sent
   */
  take(
    sample: RoundTripSample,
    sent: SendHistory,
    lossFraction: number,
    capacityBps: number,
  ): number {
    const from = this.#from ??= sample;
    this.#longestMs = Math.max(this.#longestMs, sample.queueMs);
    const isFull = sample.queueMs >= FULL_PART * this.#longestMs;
    const passedBps = carriedBps(sample, from, sent, isFull ? lossFraction : 0);
    const overMs = sample.sentMs - from.sentMs;
    if (passedBps === Infinity || sample.queueMs - from.queueMs < STEEP * overMs) {
      return capacityBps;
    }
    return overMs < MIN_DRAIN_MS ? Math.min(passedBps, capacityBps) : passedBps;
  }
}
