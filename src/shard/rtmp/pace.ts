/**
 * How often one peer may have something done that costs others than its own shard: some times at
 * once, and then again and again at an interval. Whoever asks more often waits.
 */
export class Pace {
  readonly #burst: number;
  readonly #intervalMs: number;
  /** When all that was done so far is made up for. */
  #paidAtMs = -Infinity;

  constructor(burst: number, intervalMs: number) {
    this.#burst = burst;
    this.#intervalMs = intervalMs;
  }

  /** Counts one more; how long to wait before it is done. */
  waitMs(nowMs: number): number {
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + this.#intervalMs;
    return Math.max(0, this.#paidAtMs - nowMs - this.#burst * this.#intervalMs);
  }
}
