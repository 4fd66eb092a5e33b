/** What a viewer is to do whose pictures there are in several sizes. */
export type TrackStep = "down" | "up" | undefined;

/** How a viewer keeps up that is sent what it takes: looked at only as far as it matters. */
export interface Pace {
  /** How far it is behind the stream; `undefined` before its beginning. */
  readonly lagMs: number | undefined;
  /** Whether a key frame lies between it and the newest that there is. */
  readonly hasKeyFrameAhead: boolean;
  /** Whether what it was to be sent next is gone. */
  readonly isOvertaken: boolean;
}

/** Behind by more than this, with a key frame to go on at, a viewer lags. */
export const LAGGING_MS = 3000;

/** Behind by no more than this, a viewer keeps up. */
const KEEPING_UP_MS = 700;

/** How long it must have kept up before it is tried with more; longer after each try in vain. */
const TRY_AFTER_MS = 10_000;

/** Tries in vain beyond which that grows no longer. */
const MAX_VAIN_TRIES = 12;

/** How long it is to do with what there is, before it is looked for other pictures again. */
const ASK_AGAIN_MS = 1000;

/** A viewer that lags within this time of a try could not bear it. */
const ON_TRIAL_MS = 20_000;

/**
 * Decides by its lag alone when a viewer over TCP changes to smaller pictures, and when it is tried
 * with larger ones again: more seldom, the more often that was in vain.
 */
export class TrackSteps {
  #steadySinceMs: number | undefined;
  #triedAtMs: number | undefined;
  #vainTries = 0;
  #refusedAtMs: number | undefined;

  /**
   * What to do now, before the next piece.
   *
   * @param timeMs on the stream's clock
   */
  next(pace: Pace, timeMs: number): TrackStep {
    const { lagMs = 0 } = pace;
    if (pace.isOvertaken || (lagMs > LAGGING_MS && pace.hasKeyFrameAhead)) {
      this.#steadySinceMs = undefined;
      return this.#isRefused(timeMs) ? undefined : "down";
    }
    if (lagMs > KEEPING_UP_MS) {
      this.#steadySinceMs = undefined;
      return undefined;
    }
    this.#steadySinceMs ??= timeMs;
    const steadyMs = (timeMs - this.#steadySinceMs) | 0;
    return steadyMs >= TRY_AFTER_MS * (1 + this.#vainTries) ? "up" : undefined;
  }

  /** There are no such pictures. */
  refused(timeMs: number): void {
    this.#steadySinceMs = undefined;
    this.#refusedAtMs = timeMs;
  }

  /** It has changed. */
  stepped(step: "down" | "up", timeMs: number): void {
    this.#steadySinceMs = undefined;
    if (step === "up") {
      this.#triedAtMs = timeMs;
      return;
    }
    const isVain = this.#triedAtMs !== undefined &&
      ((timeMs - this.#triedAtMs) | 0) < ON_TRIAL_MS;
    if (isVain) this.#vainTries = Math.min(this.#vainTries + 1, MAX_VAIN_TRIES);
    this.#triedAtMs = undefined;
  }

  #isRefused(timeMs: number): boolean {
    return this.#refusedAtMs !== undefined && ((timeMs - this.#refusedAtMs) | 0) < ASK_AGAIN_MS;
  }
}
