/** Weight of a new report: one tells of about a second. */
const WEIGHT = 0.4;

/** For so long and up to twice as long, the least loss counts as that of the link itself. */
const LEAST_MS = 5000;

/** More than this no link loses by itself that can still be watched over. */
const MAX_OWN_LOSS = 0.15;

/**
 * What a link loses, and how much of it its queue loses: radio loses packets however few are sent,
 * which is no reason to send fewer.
 */
export class LossGauge {
  #fraction: number | undefined;
  #newest = 0;
  #leastBefore: number | undefined;
  #least = Infinity;
  #leastSinceMs: number | undefined;

  /** Of the last reports, 0 to 1. */
  get fraction(): number {
    return this.#fraction ?? 0;
  }

  /** Of the newest report. */
  get newest(): number {
    return this.#newest;
  }

  /** What the link loses in any case, as far as is known. */
  get own(): number {
    return Math.min(this.#leastBefore ?? 0, this.#least, MAX_OWN_LOSS);
  }

  /** What is lost beyond that. */
  get excess(): number {
    return Math.max(0, this.fraction - this.own);
  }

  /** @param fraction of the packets since the report before, 0 to 1; any other is passed over */
  take(fraction: number, nowMs: number): void {
    if (!(fraction >= 0 && fraction <= 1)) return;
    this.#newest = fraction;
    this.#fraction = this.#fraction === undefined
      ? fraction
      : this.#fraction + WEIGHT * (fraction - this.#fraction);
    this.#leastSinceMs ??= nowMs;
    if (nowMs - this.#leastSinceMs >= LEAST_MS) {
      this.#leastBefore = this.#least;
      this.#least = Infinity;
      this.#leastSinceMs = nowMs;
    }
    this.#least = Math.min(this.#least, this.#fraction);
  }
}
