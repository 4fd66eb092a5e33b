/** Those who follow a session are told within a second, or a few where another thread is late. */
const TOLD_MS = 5000;

/** Sessions that have ended because their viewers need others, as long as that may be told. */
export class RenewedSessions {
  /** By their ids, the oldest first. */
  readonly #untilMs = new Map<string, number>();

  add(id: string, nowMs: number): void {
    for (const [old, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) break;
      this.#untilMs.delete(old);
    }
    this.#untilMs.set(id, nowMs + TOLD_MS);
  }

  has(id: string, nowMs: number): boolean {
    return nowMs < (this.#untilMs.get(id) ?? -Infinity);
  }
}
