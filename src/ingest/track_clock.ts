import type { NtpTime } from "../rtp/ntp.ts";

/**
 * A timestamp may be so far from what the time of arrival makes of it. More is a clock that has
 * jumped: publishers wait no longer with what they have.
 */
const MAX_UNEXPLAINED_MS = 3000;

/** Where a clock goes on that has jumped: a frame later at 50 frames a second. */
const SPLICE_GAP_MS = 20;

/** A report's time lies near its track's newest packets, or is none. */
const MAX_REPORT_DISTANCE_MS = 60_000;

/**
 * Reports of sound differ by some 20 ms from each other, as browsers note late when they had it: the
 * middle of so many is taken. One that differs by more tells of another clock.
 */
const AVERAGED_REPORTS = 8;
const MAX_REPORT_NOISE_MS = 100;

/** Reports of two tracks whose wall clocks are further apart than this have none in common. */
const MAX_CLOCK_DIFFERENCE_MS = 1000;

/** Tracks are brought in step that are so far apart: more is a clock that has jumped. */
const MAX_CORRECTION_MS = 4000;

/** A track that is to come nearer to another goes faster or slower by this part at most. */
const MAX_SLEW = 0.1;

const NTP_FRACTIONS_PER_MS = 2 ** 32 / 1000;

/**
 * Gives the packets of one track their time in milliseconds, on the clock that all tracks of a
 * publisher have in common. A track begins when its first packet comes, and counts by its own clock
 * from there on: jitter of the network changes nothing. Its times do not go back.
 *
 * Where sender reports say that another track is ahead of it or behind (RFC 3550 6.4.1), it is brought
 * in step with that by and by.
 *
 * @example
 * ```ts
 * import { TrackClock } from "./track_clock.ts";
 *
 * const clock = new TrackClock(90_000, 5000); // the publisher has begun when ours stood at 5000 ms
 * clock.timeMs(1_000_000, 5010); // 10
 * clock.timeMs(1_003_000, 5060); // 43
 * ```
 */
export class TrackClock {
  readonly #ticksPerMs: number;
  readonly #epochMs: number;
  /** Ticks since the first packet, and when the newest one came. */
  #newest: { ticks: number; arrivedMs: number } | undefined;
  #newestTimestamp = 0;
  /** What ticks of 0 are on the common clock. */
  #offsetMs = 0;
  #newestMs = 0;
  /** Wall clock time of ticks of 0, since 1900, by the newest sender reports, and how many. */
  #wallClockMs: number | undefined;
  #reports = 0;
  /** By how much the wall clock was ahead of that of arrival when that report came. */
  #wallClockAheadMs = 0;
  #isAnew = false;

  /** @param epochMs what is 0 on the common clock, on that of arrival */
  constructor(rateHz: number, epochMs: number) {
    this.#ticksPerMs = rateHz / 1000;
    this.#epochMs = epochMs;
  }

  /** What 0 of the common clock is on the sender's wall clock, since 1900, if this track knows it. */
  get wallClockOfZeroMs(): number | undefined {
    return this.#wallClockMs === undefined ? undefined : this.#wallClockMs - this.#offsetMs;
  }

  /** The source is another one: what it counts has nothing to do with what was before. */
  beginAnew(): void {
    this.#isAnew = true;
    this.#wallClockMs = undefined;
  }

  /**
   * A packet has come, be it that its picture waits for others: the first one of a source is what its
   * times count from.
   */
  noteArrival(timestamp: number, nowMs: number): void {
    if (this.#newest === undefined || this.#isAnew) this.timeMs(timestamp, nowMs);
  }

  /** A sender report has come: it says which moment of the sender's wall clock a timestamp is. */
  takeReport(ntp: NtpTime, timestamp: number, nowMs: number): void {
    if (this.#newest === undefined || this.#isAnew) return;
    // RFC 3550 6.4.1: what a sender reports that has no wall clock.
    if (ntp.seconds === 0 && ntp.fraction === 0) return;
    const ticks = this.#extend(timestamp);
    const distanceMs = Math.abs(ticks - this.#newest.ticks) / this.#ticksPerMs;
    if (distanceMs > MAX_REPORT_DISTANCE_MS) return;
    const ntpMs = ntp.seconds * 1000 + ntp.fraction / NTP_FRACTIONS_PER_MS;
    this.#averageWallClock(ntpMs - ticks / this.#ticksPerMs);
    this.#wallClockAheadMs = ntpMs - nowMs;
  }

  /**
   * The time of a packet, on the common clock; that of one that is to be shown before those that came
   * before it may lie before theirs.
   *
   * @param timestamp 32 bits
   * @param leader of the track to be in step with, if there is one
   */
  timeMs(timestamp: number, nowMs: number, leader?: TrackClock): number {
    if (this.#newest === undefined) {
      this.#newest = { ticks: 0, arrivedMs: nowMs };
      this.#newestTimestamp = timestamp;
      this.#offsetMs = nowMs - this.#epochMs;
    }
    const newest = this.#newest;
    const ticks = this.#extend(timestamp);
    const passedMs = (ticks - newest.ticks) / this.#ticksPerMs;
    const unexplainedMs = Math.abs(passedMs - (nowMs - newest.arrivedMs));
    if (this.#isAnew || unexplainedMs > MAX_UNEXPLAINED_MS) {
      this.#splice(ticks, nowMs - newest.arrivedMs);
    } else if (leader !== undefined) this.#slew(passedMs, leader);
    const timeMs = Math.round(ticks / this.#ticksPerMs + this.#offsetMs);
    if (ticks >= newest.ticks || timeMs >= this.#newestMs) {
      this.#newest = { ticks, arrivedMs: nowMs };
      this.#newestTimestamp = timestamp;
      this.#newestMs = Math.max(this.#newestMs, timeMs);
    }
    return timeMs;
  }

  /** Ticks since the first packet: of 32 bits, the nearest to the newest ones. */
  #extend(timestamp: number): number {
    return this.#newest!.ticks + ((timestamp - this.#newestTimestamp) | 0);
  }

  #averageWallClock(reportedMs: number): void {
    const noiseMs = reportedMs - (this.#wallClockMs ?? Infinity);
    if (Math.abs(noiseMs) > MAX_REPORT_NOISE_MS) this.#reports = 0;
    this.#reports = Math.min(this.#reports + 1, AVERAGED_REPORTS);
    const before = this.#reports === 1 ? reportedMs : this.#wallClockMs!;
    this.#wallClockMs = before + (reportedMs - before) / this.#reports;
  }

  /** Goes on from `ticks` where the time of arrival has it; what reports have said is void. */
  #splice(ticks: number, arrivedLaterMs: number): void {
    this.#isAnew = false;
    const laterMs = Math.max(SPLICE_GAP_MS, arrivedLaterMs);
    this.#offsetMs = this.#newestMs + laterMs - ticks / this.#ticksPerMs;
    this.#wallClockMs = undefined;
  }

  #slew(passedMs: number, leader: TrackClock): void {
    const own = this.wallClockOfZeroMs;
    const other = leader.wallClockOfZeroMs;
    if (own === undefined || other === undefined || passedMs <= 0) return;
    const differenceMs = this.#wallClockAheadMs - leader.#wallClockAheadMs;
    if (Math.abs(differenceMs) > MAX_CLOCK_DIFFERENCE_MS) return;
    const aheadMs = own - other;
    if (Math.abs(aheadMs) > MAX_CORRECTION_MS) return;
    const mostMs = passedMs * MAX_SLEW;
    this.#offsetMs += Math.max(-mostMs, Math.min(aheadMs, mostMs));
  }
}
