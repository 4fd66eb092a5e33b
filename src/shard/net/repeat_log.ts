/** What repeats is logged once in this time, with its number. */
export const REPEAT_LOG_INTERVAL_MS = 10_000;

interface Repeats {
  count: number;
  loggedAtMs: number;
}

/** Counts what happens again and again, by kind, and says when that is due to be logged. */
export class RepeatLog {
  readonly #byKind = new Map<string, Repeats>();

  /**
   * Counts one of a kind. Kinds are kept for ever: they must be few, and none of a peer's choosing.
   *
   * @returns how many there were so far, if that is to be logged now
   */
  note(kind: string, nowMs: number): number | undefined {
    const repeats = this.#byKind.get(kind) ?? { count: 0, loggedAtMs: -Infinity };
    this.#byKind.set(kind, repeats);
    repeats.count++;
    if (nowMs - repeats.loggedAtMs < REPEAT_LOG_INTERVAL_MS) return undefined;
    repeats.loggedAtMs = nowMs;
    return repeats.count;
  }
}
