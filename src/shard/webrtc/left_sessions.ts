/** Clients send a DELETE at once behind the end of their connection. */
const ASKED_MS = 5000;
/** More have not left in that time, or those who left first are told that there is no such session. */
const MAX_SESSIONS = 1024;

/**
 * Sessions whose clients have ended their connection, and may ask for the end of the session yet (RFC
 * 9725 4.2): OBS does so in this order, and complains if it is told that there is none.
 */
export class LeftSessions {
  /** By their ids, the oldest first. */
  readonly #untilMs = new Map<string, number>();

  add(id: string, nowMs: number): void {
    for (const [old, untilMs] of this.#untilMs) {
      if (untilMs > nowMs && this.#untilMs.size < MAX_SESSIONS) break;
      this.#untilMs.delete(old);
    }
    this.#untilMs.set(id, nowMs + ASKED_MS);
  }

  /** Whether it is one of them: it is asked for once. */
  take(id: string, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(id) ?? -Infinity;
    this.#untilMs.delete(id);
    return nowMs < untilMs;
  }
}
