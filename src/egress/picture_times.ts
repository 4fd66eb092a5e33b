/** Ticks of the clock of pictures (RFC 6184 8.1 and its like). */
const TICKS_PER_MS = 90;

/** Pictures that are late by no more than this keep their times: receivers wait so long for them. */
const MAX_PLAIN_LATENESS_MS = 150;

/** Between two pictures that take their time from how late they are. */
const MIN_STEP_TICKS = TICKS_PER_MS;

/**
 * The times of pictures that leave late. Receivers keep sound and pictures in step by their times,
 * and would hold back the sound for pictures that a narrow link makes late: those get later times,
 * as if they had been taken when they arrive.
 *
 * @example
 * ```ts
 * import { PictureTimes } from "./picture_times.ts";
 *
 * const times = new PictureTimes();
 * times.shiftOf(9000, 20); // 0: it is in time
 * times.shiftOf(12_000, 1000); // 90_000
 * times.shiftOf(15_000, 0); // 87_090: it is the next picture nevertheless
 * ```
 */
export class PictureTimes {
  #shift = 0;
  #newest: number | undefined;

  /** What was added to the newest one's timestamp. */
  get shift(): number {
    return this.#shift;
  }

  /**
   * What is to be added to the timestamp of the next picture, modulo 2^32.
   *
   * @param lateMs how late it will have left
   */
  shiftOf(timestamp: number, lateMs: number): number {
    let shift = lateMs > MAX_PLAIN_LATENESS_MS ? Math.round(lateMs * TICKS_PER_MS) : 0;
    if (this.#newest !== undefined) {
      const step = (timestamp + shift - this.#newest) | 0;
      if (step < MIN_STEP_TICKS) shift += MIN_STEP_TICKS - step;
    }
    this.#newest = (timestamp + shift) | 0;
    this.#shift = shift;
    return shift;
  }

  /** The pictures before are forgotten: they had their own times. */
  reset(): void {
    this.#newest = undefined;
    this.#shift = 0;
  }
}
