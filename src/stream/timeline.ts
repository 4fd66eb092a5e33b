import { AudioSmoother } from "./audio_smoother.ts";

/** Steps back of up to this are disorder: the track waits until its time comes again. */
const MAX_DISORDER_MS = 1000;

/**
 * How far a timestamp may lie from where the time of arrival has it. More is another clock: real
 * encoders send their tracks within a second or two of each other, and no faster than they are made.
 */
const MAX_UNEXPLAINED_MS = 5000;

/** Where a new clock goes on after the old one: a frame later at 25 frames a second. */
export const SPLICE_GAP_MS = 40;

/** Clocks of 24 and 31 bits, by encoders that leave out what FLV and RTMP have beyond. */
const SHORT_CLOCKS = [2 ** 24, 2 ** 31] as const;

/** A track that has frames. */
export type TrackName = "audio" | "video";

/** A default track by its name alone, another one with its publisher's number. */
export type TrackKey = TrackName | `${TrackName} ${number}`;

/** What was wrong with an encoder's timestamps, and was mended. */
export type TimestampFault =
  /** A step back within a second. */
  | "disorder"
  /** A step back of more: the encoder's clock has begun again. */
  | "backward-jump"
  /** A step forward that no time has passed for. */
  | "forward-jump"
  /** The clock of 24 or 31 bits has begun again. */
  | "short-wrap"
  /** The track counts from elsewhere than the other one. */
  | "zero-point"
  /** Sound whose timestamps jump to and fro around its true time, from one such spell on. */
  | "jitter";

/** Times that each fault was mended; what never was is not there. */
export type TimestampFaults = Readonly<Partial<Record<TimestampFault, number>>>;

interface TrackClock {
  /** What is added to the encoder's timestamps. */
  offsetMs: number;
  newestMs: number;
  arrivedMs: number;
  readonly smoother: AudioSmoother;
}

/**
 * Maps an encoder's timestamps to a stream's, so that they never go back within a track, and go on
 * as time does: not when the encoder starts again at 0 nor when its clock jumps, nor when another
 * publisher continues the stream. The distance between audio and video is kept, but for tracks that
 * count from different zero points: these begin together. Timestamps are 32-bit milliseconds and may
 * wrap. Encoders that do nothing wrong keep theirs.
 *
 * @example
 * ```ts
 * import { Timeline } from "./timeline.ts";
 *
 * const timeline = new Timeline(90_000); // the log to be continued ends there
 * timeline.map("video", 0, 1000); // 90_040: it came when the clock stood at 1000 ms
 * timeline.map("audio", 5, 1001); // 90_045
 * ```
 */
export class Timeline {
  readonly #resumeAtMs: number | undefined;
  readonly #tracks = new Map<TrackKey, TrackClock>();
  readonly #faults: Partial<Record<TimestampFault, number>> = {};
  #newestMs: number | undefined;
  #newestArrivedMs = 0;

  /** @param resumeAtMs timestamp of the newest record of the log that is to be continued */
  constructor(resumeAtMs: number | undefined) {
    this.#resumeAtMs = resumeAtMs;
    this.#newestMs = resumeAtMs;
  }

  /** What was mended so far. */
  get faults(): TimestampFaults {
    return { ...this.#faults };
  }

  /** Where a track stands: the timestamp for what comes between frames, such as configurations. */
  positionMs(track: TrackKey): number {
    return this.#tracks.get(track)?.newestMs ?? this.#resumeAtMs ?? this.#newestMs ?? 0;
  }

  /**
   * The stream's timestamp, a signed 32-bit number of milliseconds, for an encoder's.
   *
   * @param arrivedMs when it came, on any clock that does not go back
   * @param durationMs of the frame, where that is known: sound that jitters is smoothed by it
   */
  map(track: TrackKey, encoderMs: number, arrivedMs: number, durationMs?: number): number {
    let clock = this.#tracks.get(track);
    if (clock === undefined) {
      const offsetMs = this.#firstOffset(encoderMs, arrivedMs);
      const newestMs = this.#resumeAtMs ?? (encoderMs + offsetMs) | 0;
      clock = { offsetMs, newestMs, arrivedMs, smoother: new AudioSmoother() };
      this.#tracks.set(track, clock);
    } else {
      this.#followJump(clock, encoderMs, arrivedMs);
    }
    let mappedMs = (encoderMs + clock.offsetMs) | 0;
    if (durationMs !== undefined) mappedMs = this.#smooth(clock, mappedMs, durationMs);
    if (((mappedMs - clock.newestMs) | 0) < 0) {
      mappedMs = clock.newestMs;
      this.#count("disorder");
    }
    clock.newestMs = mappedMs;
    clock.arrivedMs = arrivedMs;
    this.#noteNewest(mappedMs, arrivedMs);
    return mappedMs;
  }

  /** The offset of a track that begins: the other one's, if that fits when it came. */
  #firstOffset(encoderMs: number, arrivedMs: number): number {
    if (this.#tracks.size === 0) return this.#splice(encoderMs, arrivedMs);
    for (const { offsetMs } of this.#tracks.values()) {
      if (this.#isExplained(encoderMs + offsetMs, arrivedMs)) return offsetMs;
    }
    this.#count("zero-point");
    return (this.#expectedMs(arrivedMs) - encoderMs) | 0;
  }

  /** Changes the offset of a track whose clock has jumped. */
  #followJump(clock: TrackClock, encoderMs: number, arrivedMs: number): void {
    const stepMs = (encoderMs + clock.offsetMs - clock.newestMs) | 0;
    const passedMs = arrivedMs - clock.arrivedMs;
    if (stepMs >= -MAX_DISORDER_MS && stepMs <= passedMs + MAX_UNEXPLAINED_MS) return;
    for (const other of this.#tracks.values()) {
      if (other.offsetMs === clock.offsetMs) continue;
      if (!this.#isExplained(encoderMs + other.offsetMs, arrivedMs)) continue;
      // The other track has jumped just so before.
      clock.offsetMs = other.offsetMs;
      return;
    }
    for (const period of SHORT_CLOCKS) {
      if (!this.#isExplained(encoderMs + clock.offsetMs + period, arrivedMs)) continue;
      this.#count("short-wrap");
      clock.offsetMs = (clock.offsetMs + period) | 0;
      return;
    }
    this.#count(stepMs < 0 ? "backward-jump" : "forward-jump");
    clock.offsetMs = this.#splice(encoderMs, arrivedMs);
  }

  /** The offset with which `encoderMs` follows the newest timestamp. */
  #splice(encoderMs: number, arrivedMs: number): number {
    if (this.#newestMs === undefined) return 0;
    // Nothing is known of the time between two publishers.
    const passedMs = this.#tracks.size === 0 ? 0 : arrivedMs - this.#newestArrivedMs;
    return (this.#newestMs + Math.max(SPLICE_GAP_MS, Math.round(passedMs)) - encoderMs) | 0;
  }

  /** Whether a stream timestamp lies about where the time of its arrival has it. */
  #isExplained(streamMs: number, arrivedMs: number): boolean {
    return Math.abs((streamMs - this.#expectedMs(arrivedMs)) | 0) <= MAX_UNEXPLAINED_MS;
  }

  #expectedMs(arrivedMs: number): number {
    return ((this.#newestMs ?? 0) + Math.round(arrivedMs - this.#newestArrivedMs)) | 0;
  }

  #smooth({ smoother }: TrackClock, mappedMs: number, durationMs: number): number {
    const wasUneven = smoother.isUneven;
    const smoothMs = smoother.smooth(mappedMs, durationMs);
    if (smoother.isUneven && !wasUneven) this.#count("jitter");
    return smoothMs;
  }

  #noteNewest(mappedMs: number, arrivedMs: number): void {
    if (this.#newestMs !== undefined && ((mappedMs - this.#newestMs) | 0) < 0) return;
    this.#newestMs = mappedMs;
    this.#newestArrivedMs = arrivedMs;
  }

  #count(fault: TimestampFault): void {
    this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
  }
}
