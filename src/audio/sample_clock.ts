/** A part of an access unit by which a timestamp may be late before one counts as lost. */
const LOSS_THRESHOLD_UNITS = 0.6;

/** How far timestamps and samples may come apart otherwise. */
const MAX_DEVIATION_MS = 60;

/** The most silence that a gap is filled with; after a longer one, time starts anew. */
const MAX_SILENCE_MS = 1000;

/**
 * Access units in a row, some ten seconds, that must all be ahead of their timestamps before that is
 * mended: fewer, and a stream whose timestamps jump about would be mended for ever.
 */
const AHEAD_UNITS = 500;

/** FLV timestamps are whole milliseconds, cut or rounded. */
const TIMESTAMP_ERROR_MS = 2;

/** What an access unit's timestamp says of those before it. */
export type Continuity =
  /** It follows. */
  | "continuous"
  /** Time starts anew with it. */
  | "restart"
  /** Samples that are missing before it, per channel. */
  | number;

/**
 * Tells time by counting samples, because timestamps of whole milliseconds are too coarse, and
 * judges by it whether timestamps show a loss.
 *
 * A stream whose sound is longer than its timestamps say starts anew when both are 60 ms apart, or
 * more than 0.6 of an access unit for long.
 */
export class SampleClock {
  readonly #sampleRate: number;
  readonly #samplesPerUnit: number;
  /** Where samples are counted from. */
  #baseMs = 0;
  #samples = 0;
  /** Access units in a row whose sound was ahead of their timestamps. */
  #unitsAhead = 0;

  constructor(sampleRate: number, samplesPerUnit: number) {
    this.#sampleRate = sampleRate;
    this.#samplesPerUnit = samplesPerUnit;
  }

  /** Counts on from a time, which may have a fraction. */
  start(timeMs: number): void {
    this.#baseMs = timeMs;
    this.#samples = 0;
    this.#unitsAhead = 0;
  }

  /** Counts samples per channel. */
  add(samples: number): void {
    this.#samples += samples;
  }

  /** The time of the next sample, in milliseconds with a fraction. */
  get timeMs(): number {
    return this.#baseMs + (this.#samples / this.#sampleRate) * 1000;
  }

  /**
   * Judges the timestamp of the next access unit, which is one of a 32-bit clock.
   *
   * The whole samples of the time are split off first, so that wrapping keeps the fraction.
   */
  judge(timestampMs: number): Continuity {
    const { timeMs } = this;
    const wholeMs = Math.floor(timeMs);
    const lateMs = ((timestampMs - wholeMs) | 0) - (timeMs - wholeMs);
    if (lateMs < -MAX_DEVIATION_MS || lateMs > MAX_SILENCE_MS) return "restart";
    const unitMs = (this.#samplesPerUnit / this.#sampleRate) * 1000;
    const thresholdMs = LOSS_THRESHOLD_UNITS * unitMs;
    this.#unitsAhead = lateMs < -thresholdMs ? this.#unitsAhead + 1 : 0;
    if (this.#unitsAhead >= AHEAD_UNITS) return "restart";
    if (lateMs <= thresholdMs) return "continuous";
    const units = Math.max(1, Math.round(lateMs / unitMs));
    const isWhole = lateMs <= MAX_DEVIATION_MS ||
      Math.abs(lateMs - units * unitMs) <= TIMESTAMP_ERROR_MS;
    return isWhole ? units * this.#samplesPerUnit : Math.round((lateMs / 1000) * this.#sampleRate);
  }
}
