/** Of a new train, among those before: each is short. */
const WEIGHT = 0.3;
/**
 * What is believed grows by so much for each, if they tell of more than that. It is as much for all
 * viewers of a narrow link, so that who has less of it comes to have the same; a wide link would take
 * long by that, and grows by a part.
 */
const GROWTH_BPS = 30_000;
const GROWTH_PART = 0.03;
/** One train counts for no more than so many times what is believed. */
const MAX_FACTOR = 2;

/** What trains of packets tell a link to carry, by and by. */
export class TrainGauge {
  #meanBps = 0;
  #beforeBps = Infinity;

  /** It is known better. */
  reset(capacityBps: number): void {
    this.#meanBps = this.#beforeBps = capacityBps;
  }

  /** What the link is to be believed to carry, upon another train. */
  take(bitrateBps: number, capacityBps: number): number {
    // Links that were idle let the first packets pass at once: of two, the lesser is true.
    const seenBps = Math.min(bitrateBps, this.#beforeBps, MAX_FACTOR * capacityBps);
    this.#beforeBps = bitrateBps;
    this.#meanBps += WEIGHT * (seenBps - this.#meanBps);
    const grownBps = capacityBps + Math.max(GROWTH_BPS, GROWTH_PART * capacityBps);
    return this.#meanBps < grownBps ? capacityBps : Math.min(grownBps, this.#meanBps);
  }
}
