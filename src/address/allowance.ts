/** Seconds in which all that may be done at once may be done again. */
const REFILL_S = 10;

/** How often something may be done: some times at once, and then a tenth as often each second. */
export class Allowance {
  readonly #burst: number;
  #left: number;
  #takenMs: number;

  /** @param burst times that it may be done at once */
  constructor(burst: number, nowMs: number) {
    this.#burst = this.#left = burst;
    this.#takenMs = nowMs;
  }

  /** Takes one; false if there is nothing left. */
  take(nowMs: number): boolean {
    const regained = (nowMs - this.#takenMs) / 1000 * this.#burst / REFILL_S;
    this.#left = Math.min(this.#burst, this.#left + regained);
    this.#takenMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Whether nothing needs to be known of it any more: it is as it was at first. */
  isWhole(nowMs: number): boolean {
    return nowMs - this.#takenMs >= REFILL_S * 1000;
  }
}
