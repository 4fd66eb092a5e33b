/**
 * Whether a publisher that says nothing is still there. It may have nothing to say, as of a screen on
 * which nothing changes, so it is asked before it is ended. Encoders that do not answer may still
 * send a picture.
 */
export class PublisherSilence {
  readonly #ask: (nowMs: number) => void;
  #askedAtMs = -Infinity;

  /** @param ask pings it; the time is in whole milliseconds */
  constructor(ask: (nowMs: number) => void) {
    this.#ask = ask;
  }

  /** Why it is to be ended, if it is. */
  reason(nowMs: number, heardAtMs: number, idleMs: number): string | undefined {
    if (nowMs - heardAtMs < idleMs) return undefined;
    if (this.#askedAtMs >= heardAtMs) {
      if (nowMs - this.#askedAtMs < idleMs) return undefined;
      return `closed: silent for ${2 * idleMs} ms, a ping unanswered`;
    }
    // However late this is called: nobody is ended who was not asked.
    this.#askedAtMs = nowMs;
    this.#ask(Math.floor(nowMs));
    return undefined;
  }
}
