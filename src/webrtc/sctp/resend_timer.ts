/** How long an answer is waited for (RFC 9260 6.3.1), in milliseconds: at first, at least, at most. */
const INITIAL_MS = 1000;
const MIN_MS = 400;
const MAX_MS = 10_000;

/** Times in a row that nothing answers, after which the other side is taken to be gone. */
const MAX_EXPIRIES = 8;

/** When what was sent is taken for lost, by how long answers took (RFC 9260 6.3). */
export class ResendTimer {
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #waitMs = INITIAL_MS;
  #dueMs = Infinity;
  #expiries = 0;

  get isGivenUp(): boolean {
    return this.#expiries > MAX_EXPIRIES;
  }

  /** Something was sent. */
  start(nowMs: number): void {
    if (this.#dueMs === Infinity) this.#dueMs = nowMs + this.#waitMs;
  }

  stop(): void {
    this.#dueMs = Infinity;
  }

  /** Something new was answered, and more may be under way. */
  answered(nowMs: number): void {
    this.#expiries = 0;
    this.#dueMs = nowMs + this.#waitMs;
  }

  /** How long the answer took to something that was sent once. */
  measured(roundTripMs: number): void {
    const before = this.#smoothedMs;
    const difference = Math.abs((before ?? roundTripMs) - roundTripMs);
    this.#variationMs = before === undefined
      ? roundTripMs / 2
      : 0.75 * this.#variationMs + 0.25 * difference;
    this.#smoothedMs = before === undefined ? roundTripMs : 0.875 * before + 0.125 * roundTripMs;
    this.#waitMs = Math.min(Math.max(this.#smoothedMs + 4 * this.#variationMs, MIN_MS), MAX_MS);
  }

  /** Whether the time is over: it is waited longer from then on. */
  expire(nowMs: number): boolean {
    if (nowMs < this.#dueMs) return false;
    this.#expiries++;
    this.#waitMs = Math.min(2 * this.#waitMs, MAX_MS);
    this.#dueMs = Infinity;
    return true;
  }
}
