// @ts-check
/** Follows a playing position: for how long it has stood still, for how long it has run. */

/** A longer pause than this interrupts steady playing. */
const INTERRUPTION_MS = 1500;

/** No new picture for so long is worth telling. */
const STALL_MS = 1500;
/** Nothing for so long, though the publisher is there: it is tried again. */
const GIVE_UP_MS = 10_000;
/** As long as it is not known how often pictures come: of a screen that does not change, seldom. */
const UNKNOWN_GIVE_UP_MS = 30_000;

/**
 * For how long a player may stand still before that is told, and before it connects anew: longer if
 * pictures come seldom, or those that can be begun with.
 *
 * @param {{ frameRate?: number | null, keyFrameDistanceMs?: number | null } | null | undefined} video
 */
export function patience(video) {
  const frameRate = video?.frameRate ?? 0;
  const pictureMs = frameRate > 0 ? 1000 / frameRate : 0;
  const isKnown = !video || pictureMs > 0;
  return {
    stallMs: Math.max(STALL_MS, 2 * pictureMs),
    giveUpMs: Math.max(
      isKnown ? GIVE_UP_MS : UNKNOWN_GIVE_UP_MS,
      2 * (video?.keyFrameDistanceMs ?? 0),
      3 * pictureMs,
    ),
  };
}

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
