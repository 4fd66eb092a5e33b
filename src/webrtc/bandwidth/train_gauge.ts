/** Of a new train, among those before: each is short. */
const WEIGHT = 0.3;
/** If they tell of so much more than is believed, that grows. */
const MORE_FACTOR = 1.07;
/**
 * By so much each second, whatever is believed: of those who share a link, and grow alike and shrink
 * by parts, those who have more lose it to the others. If they grew by parts, too, they would not.
 */
const GROWTH_BPS = 25_000;
/** What was not asked for longer does not count. */
const MAX_INTERVAL_MS = 2000;
/** One train counts for no more than so many times what is believed. */
const MAX_FACTOR = 2;

/** What trains of packets tell a link to carry, by and by. */
export class TrainGauge {
  #meanBps = 0;
  #beforeBps = Infinity;
  #takenMs = -Infinity;

  /** It is known better. */
  reset(capacityBps: number): void {
    this.#meanBps = this.#beforeBps = capacityBps;
  }

  /** What the link is to be believed to carry, upon another train. */
  take(bitrateBps: number, capacityBps: number, nowMs: number): number {
    // Links that were idle let the first packets pass at once: of two, the lesser is true.
    const seenBps = Math.min(bitrateBps, this.#beforeBps, MAX_FACTOR * capacityBps);
    this.#beforeBps = bitrateBps;
    this.#meanBps += WEIGHT * (seenBps - this.#meanBps);
    const intervalMs = Math.min(nowMs - this.#takenMs, MAX_INTERVAL_MS);
    this.#takenMs = nowMs;
    if (this.#meanBps < capacityBps * MORE_FACTOR) return capacityBps;
    return Math.min(capacityBps + GROWTH_BPS * intervalMs / 1000, this.#meanBps);
  }
}
