/**
 * How often a player is asked whether it is there. One that pauses is sent nothing else, so that the
 * kernel would never find out that its machine is gone.
 */
const PING_INTERVAL_MS = 30_000;

/** Asks a player from time to time whether it is there. */
export class PlayerPing {
  readonly #ask: (nowMs: number) => void;
  #askedAtMs: number;

  /** @param ask pings it; the time is in whole milliseconds */
  constructor(ask: (nowMs: number) => void, nowMs: number) {
    this.#ask = ask;
    this.#askedAtMs = nowMs;
  }

  /** To be called every second while somebody plays. */
  sweep(nowMs: number): void {
    if (nowMs - this.#askedAtMs < PING_INTERVAL_MS) return;
    this.#askedAtMs = nowMs;
    this.#ask(Math.floor(nowMs));
  }
}
