import { extendSequence } from "../sequence.ts";

/** A jump of so many numbers forwards, or back, may be a source that has begun anew (RFC 3550 A.1). */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 1000;

/** What a report can say of loss (RFC 3550 6.4.1): a number of 24 bits with its sign. */
const MAX_CUMULATIVE_LOST = 0x7f_ffff;
const MIN_CUMULATIVE_LOST = -0x80_0000;

/** Weight of the newest difference in the jitter (RFC 3550 A.8). */
const JITTER_WEIGHT = 1 / 16;

/** More than a second of it is a clock that has jumped, and no jitter. */
const MAX_TRANSIT_CHANGE_MS = 1000;

/** What a receiver reports of one source, less what it knows of its sender reports. */
export interface SourceReport {
  /** Of the packets expected since the last report, 0 to 255/256. */
  readonly lossFraction: number;
  /** Since the beginning; negative if more came twice than were lost. */
  readonly cumulativeLost: number;
  /** 32 bits: the highest sequence number, above it the count of wraps. */
  readonly extendedHighestSequence: number;
  /** In ticks of the source's clock. */
  readonly jitter: number;
}

/**
 * What becomes of a sequence number: it is the next or near it, one that the source has begun anew
 * with, or so far off that only a second one behind it would prove that.
 */
export type SequenceVerdict = "near" | "restarted" | "far";

/**
 * Extends the sequence numbers of one source, and counts what came and what did not, for receiver
 * reports (RFC 3550 A.1, A.3 and A.8).
 *
 * @example
 * ```ts
 * import { SourceStatistics } from "./source_statistics.ts";
 *
 * const source = new SourceStatistics(90_000);
 * for (const sequence of [65_534, 65_535, 1]) source.take(sequence, 0, 0);
 * source.extended; // 65_537
 * source.report().cumulativeLost; // 1
 * ```
 */
export class SourceStatistics {
  readonly #clockRateHz: number;
  #base: number | undefined;
  #highest = 0;
  #extended = 0;
  #received = 0;
  /** The number that would follow one that was far off. */
  #expectedFar: number | undefined;
  #isAnew = false;
  #reported = { expected: 0, received: 0 };
  #jitter = 0;
  #transit: number | undefined;

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  /** The number that was taken last, extended so that it does not wrap. */
  get extended(): number {
    return this.#extended;
  }

  /** The highest number, extended likewise; `undefined` before the first. */
  get highest(): number | undefined {
    return this.#base === undefined ? undefined : this.#highest;
  }

  /** Packets that came, those that came twice among them. */
  get received(): number {
    return this.#received;
  }

  /** In milliseconds. */
  get jitterMs(): number {
    return this.#jitter / this.#clockRateHz * 1000;
  }

  /** Packets that were expected since the beginning and did not come. */
  get lost(): number {
    return this.#expected - this.#received;
  }

  /**
   * Takes a packet of the source. One that is far off is not counted.
   *
   * @param timestamp 32 bits, in ticks of the source's clock
   */
  take(sequence: number, timestamp: number, nowMs: number): SequenceVerdict {
    const verdict = this.#takeSequence(sequence);
    if (verdict === "far") return verdict;
    if (verdict === "restarted") this.#transit = undefined;
    this.#received++;
    this.#takeTransit(timestamp, nowMs);
    return verdict;
  }

  /** The source is known to have begun anew: the next packet is believed, whatever its number. */
  beginAnew(): void {
    this.#isAnew = true;
  }

  /** What is to be reported now; the next report is of what comes from here on. */
  report(): SourceReport {
    const expected = this.#expected;
    const lately = expected - this.#reported.expected;
    const lost = lately - (this.#received - this.#reported.received);
    this.#reported = { expected, received: this.#received };
    const fraction = lately > 0 && lost > 0 ? Math.floor(lost * 256 / lately) / 256 : 0;
    return {
      lossFraction: Math.min(fraction, 255 / 256),
      cumulativeLost: Math.max(MIN_CUMULATIVE_LOST, Math.min(this.lost, MAX_CUMULATIVE_LOST)),
      extendedHighestSequence: this.#highest >>> 0,
      jitter: Math.round(this.#jitter) >>> 0,
    };
  }

  get #expected(): number {
    return this.#base === undefined ? 0 : this.#highest - this.#base + 1;
  }

  #takeSequence(sequence: number): SequenceVerdict {
    if (this.#base === undefined) {
      this.#begin(sequence);
      return "near";
    }
    const extended = extendSequence(sequence, this.#highest);
    const distance = extended - this.#highest;
    if (this.#isAnew || distance >= MAX_DROPOUT || distance <= -MAX_MISORDER) {
      if (!this.#isAnew && sequence !== this.#expectedFar) {
        this.#expectedFar = (sequence + 1) & 0xffff;
        return "far";
      }
      this.#begin(sequence);
      return "restarted";
    }
    this.#expectedFar = undefined;
    this.#extended = extended;
    this.#highest = Math.max(this.#highest, extended);
    return "near";
  }

  #begin(sequence: number): void {
    // Wraps are counted on, so that numbers of before and after are not taken for each other.
    const wraps = this.#base === undefined ? 0 : (this.#highest >>> 16) + 1;
    this.#extended = this.#highest = this.#base = wraps * 0x1_0000 + sequence;
    this.#expectedFar = undefined;
    this.#isAnew = false;
    this.#received = 0;
    this.#reported = { expected: 0, received: 0 };
  }

  /** RFC 3550 A.8: how the time from sending to receiving changes from packet to packet. */
  #takeTransit(timestamp: number, nowMs: number): void {
    const arrival = Math.round(nowMs * this.#clockRateHz / 1000);
    const transit = (arrival - timestamp) | 0;
    const change = this.#transit === undefined ? 0 : Math.abs((transit - this.#transit) | 0);
    this.#transit = transit;
    if (change > MAX_TRANSIT_CHANGE_MS * this.#clockRateHz / 1000) return;
    this.#jitter += (change - this.#jitter) * JITTER_WEIGHT;
  }
}
