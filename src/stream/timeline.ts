/** Steps back of more than this are a new start of the encoder's clock, not disorder. */
const MAX_DISORDER_MS = 1000;

/** Where a new clock goes on after the old one: a frame later at 25 frames a second. */
export const SPLICE_GAP_MS = 40;

/** A track that has frames. */
export type TrackName = "audio" | "video";

/**
 * Maps an encoder's timestamps to a stream's, so that they never go back within a track: not when
 * the encoder starts again at 0, nor when another publisher continues the stream. The distance
 * between audio and video is kept. Timestamps are 32-bit milliseconds and may wrap.
 *
 * @example
 * ```ts
 * import { Timeline } from "./timeline.ts";
 *
 * const timeline = new Timeline(90_000); // the log to be continued ends there
 * timeline.map("video", 0); // 90_040
 * timeline.map("audio", 5); // 90_045
 * ```
 */
export class Timeline {
  readonly #resumeAtMs: number | undefined;
  /** What is added to the encoder's timestamps; `undefined` until the first one is known. */
  #offsetMs: number | undefined;
  #newestMs: number | undefined;
  readonly #newestByTrack = new Map<TrackName, number>();
  #corrections = 0;

  /** @param resumeAtMs timestamp of the newest record of the log that is to be continued */
  constructor(resumeAtMs: number | undefined) {
    this.#resumeAtMs = resumeAtMs;
    this.#newestMs = resumeAtMs;
  }

  /** How often a timestamp went back and was corrected. */
  get corrections(): number {
    return this.#corrections;
  }

  /** Where a track stands: the timestamp for what comes between frames, such as configurations. */
  positionMs(track: TrackName): number {
    return this.#newestByTrack.get(track) ?? this.#resumeAtMs ?? this.#newestMs ?? 0;
  }

  /** The stream's timestamp, a signed 32-bit number of milliseconds, for an encoder's. */
  map(track: TrackName, encoderMs: number): number {
    this.#offsetMs ??= this.#spliceAt(encoderMs);
    const previousMs = this.#newestByTrack.get(track) ?? this.#resumeAtMs;
    let mappedMs = (encoderMs + this.#offsetMs) | 0;
    const stepMs = previousMs === undefined ? 0 : (mappedMs - previousMs) | 0;
    if (stepMs < 0) {
      this.#corrections++;
      if (stepMs < -MAX_DISORDER_MS) {
        this.#offsetMs = this.#spliceAt(encoderMs);
        mappedMs = (encoderMs + this.#offsetMs) | 0;
      } else {
        mappedMs = previousMs!;
      }
    }
    this.#newestByTrack.set(track, mappedMs);
    if (this.#newestMs === undefined || ((mappedMs - this.#newestMs) | 0) > 0) {
      this.#newestMs = mappedMs;
    }
    return mappedMs;
  }

  /** The offset with which `encoderMs` follows the newest timestamp. */
  #spliceAt(encoderMs: number): number {
    return this.#newestMs === undefined ? 0 : (this.#newestMs + SPLICE_GAP_MS - encoderMs) | 0;
  }
}
