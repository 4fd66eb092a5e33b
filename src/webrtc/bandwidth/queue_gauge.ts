/** For so long and up to twice as long, the shortest round trip counts as that of an empty queue. */
const BASE_MS = 30_000;

/** Below it, there is no queue to speak of. */
export const SHORT_QUEUE_MS = 20;

/** Longer ones tell of a link that stood still, not of its queue. */
const MAX_ROUND_TRIP_MS = 10_000;

/** One measured round trip. */
export interface RoundTripSample {
  /** When what was echoed left. */
  readonly sentMs: number;
  /** By how much it took longer than the shortest did. */
  readonly queueMs: number;
}

/**
 * How long packets wait on their way to a viewer: by how much round trips are longer than the
 * shortest of the last half minute.
 */
export class QueueGauge {
  #baseBeforeMs = Infinity;
  #baseMs = Infinity;
  #baseSinceMs = -Infinity;
  #roundTripMs: number | undefined;
  #newest: RoundTripSample | undefined;

  /** The newest, `undefined` before there was one. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** That of an empty queue; Infinity before there was one. */
  get baseMs(): number {
    return Math.min(this.#baseMs, this.#baseBeforeMs);
  }

  get newest(): RoundTripSample | undefined {
    return this.#newest;
  }

  /** 0 as long as nothing was measured. */
  get queueMs(): number {
    return this.#newest?.queueMs ?? 0;
  }

  /**
   * Takes a round trip, and returns it as a sample; `undefined` if a later one is known already, or
   * it cannot be true.
   *
   * @param sentMs when what was echoed left
   * @param lateMs how late we may have been to read the echo: so much of it was no queue
   */
  take(
    roundTripMs: number,
    sentMs: number,
    nowMs: number,
    lateMs = 0,
  ): RoundTripSample | undefined {
    if (!(roundTripMs >= 0 && roundTripMs <= MAX_ROUND_TRIP_MS)) return undefined;
    if (this.#newest !== undefined && sentMs <= this.#newest.sentMs) return undefined;
    if (nowMs - this.#baseSinceMs >= BASE_MS) {
      this.#baseBeforeMs = this.#baseMs;
      this.#baseMs = Infinity;
      this.#baseSinceMs = nowMs;
    }
    this.#baseMs = Math.min(this.#baseMs, roundTripMs);
    this.#roundTripMs = roundTripMs;
    const queueMs = Math.max(0, roundTripMs - lateMs - this.baseMs);
    return this.#newest = { sentMs, queueMs };
  }
}
