/** Where there is no room at all between timestamps, pictures come this close, in ticks of 90 kHz. */
const LEAST_STEP = 9;

/** Timestamps between which pictures are squeezed, of 32 bits. */
export interface SqueezeSpan {
  /** Of the last picture that was sent. */
  readonly lastSent: number;
  /** Of the newest picture that there is: it keeps its own if it can. */
  readonly newest: number;
  /** Pictures that are to be sent, with the newest. */
  readonly pictures: number;
}

/**
 * Timestamps for pictures that are older than the last one that was sent, as those of another
 * rendition from its newest key frame on: they lie between that and the newest, one behind the other.
 * Receivers decode them all, and show the newest in its time.
 *
 * @example
 * ```ts
 * import { TimestampSqueeze } from "./timestamp_squeeze.ts";
 *
 * const squeeze = new TimestampSqueeze({ lastSent: 1000, newest: 4000, pictures: 3 });
 * squeeze.next(); // 2000
 * squeeze.next(); // 3000
 * squeeze.next(); // 4000
 * squeeze.isOver; // true
 * ```
 */
export class TimestampSqueeze {
  readonly #step: number;
  #timestamp: number;
  #left: number;

  constructor({ lastSent, newest, pictures }: SqueezeSpan) {
    const room = (newest - lastSent) | 0;
    this.#step = Math.max(Math.floor(room / Math.max(1, pictures)), LEAST_STEP);
    // The rest of the division comes first, so that the newest keeps its own.
    const first = room - this.#step * pictures;
    this.#timestamp = lastSent + Math.max(0, first);
    this.#left = pictures;
  }

  get isOver(): boolean {
    return this.#left === 0;
  }

  /** The timestamp of the next picture. */
  next(): number {
    this.#left--;
    this.#timestamp = (this.#timestamp + this.#step) >>> 0;
    return this.#timestamp;
  }
}
