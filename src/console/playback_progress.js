// @ts-check
/** Follows a playing position: for how long it has stood still, for how long it has run. */

/** A longer pause than this interrupts steady playing. */
const INTERRUPTION_MS = 1500;

/** Times are the caller's, in milliseconds of one clock. */
export class PlaybackProgress {
  #position = 0;
  #movedAtMs;
  #steadySinceMs;

  /** @param {number} nowMs when the connection was started */
  constructor(nowMs) {
    this.#movedAtMs = nowMs;
    this.#steadySinceMs = nowMs;
  }

  /**
   * Takes the current position.
   *
   * @param {number} position
   * @param {number} nowMs
   * @returns {boolean} whether it went on since the last call
   */
  moved(position, nowMs) {
    if (position <= this.#position) return false;
    if (this.silentMs(nowMs) > INTERRUPTION_MS) this.#steadySinceMs = nowMs;
    this.#position = position;
    this.#movedAtMs = nowMs;
    return true;
  }

  /**
   * Forgives the time without progress: it was not the stream's fault.
   *
   * @param {number} nowMs
   */
  excuse(nowMs) {
    this.#movedAtMs = nowMs;
  }

  /** @param {number} nowMs */
  silentMs(nowMs) {
    return nowMs - this.#movedAtMs;
  }

  /** @param {number} nowMs */
  steadyMs(nowMs) {
    return nowMs - this.#steadySinceMs;
  }
}
