// @ts-check
/** When to try again after a failure: growing waits, and an end of them. */

const FIRST_RETRY_MS = 1000;
/** No wait is longer, but where the gateway asks for it. */
export const LONGEST_RETRY_MS = 15_000;
/** The waits of these add up to two minutes. */
export const MAX_RETRIES = 10;

/** Counts the failures in a row. */
export class RetrySchedule {
  #failures = 0;

  /**
   * Counts a failure.
   *
   * @param {number} [leastMs] how long the gateway asks to wait, if it does
   * @returns {number | undefined} milliseconds to wait; `undefined` when it is enough
   */
  next(leastMs = 0) {
    if (this.#failures >= MAX_RETRIES) return undefined;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS);
    this.#failures += 1;
    return Math.max(delayMs, leastMs);
  }

  /** A success, or a wish of the reader: the next failure is the first one. */
  reset() {
    this.#failures = 0;
  }
}
