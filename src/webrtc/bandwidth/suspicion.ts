import type { RoundTripSample } from "./queue_gauge.ts";

/** Above it, a suspicion is confirmed: so often in a row, as viewers stall that are busy. */
const CONFIRMING_QUEUE_MS = 40;
const CONFIRMATIONS = 2;
/** And for so long, as many viewers of one link are sent the same key frame at once. */
const CONFIRMING_MS = 400;
/** For longer than this, they rarely do. */
export const SURE_QUEUE_MS = 180;

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
   * A round trip tells of the queue: whether it confirms that there is congestion. A short one dispels
   * the suspicion.
   */
  confirm({ queueMs, sentMs }: RoundTripSample, seemsBps: number, nowMs: number): boolean {
    // What left before it does not tell.
    if (this.#sinceMs === undefined || sentMs < this.#sinceMs) return false;
    if (queueMs <= CONFIRMING_QUEUE_MS) {
      this.dispel();
      return false;
    }
    this.#seemsBps = Math.min(this.#seemsBps, seemsBps);
    const isOften = ++this.#confirmations >= CONFIRMATIONS;
    return isOften && nowMs - this.#sinceMs >= CONFIRMING_MS || queueMs > SURE_QUEUE_MS;
  }

  dispel(): void {
    this.#confirmations = 0;
    this.#sinceMs = undefined;
    this.#seemsBps = Infinity;
  }
}
