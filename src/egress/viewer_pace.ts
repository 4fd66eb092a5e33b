/** What may leave at once, beside the packet that uses it up: timers are late by as much. */
const MIN_BURST_BYTES = 800;
const BURST_MS = 15;

/** Sound goes in any case: what it takes too much is made up for, but no longer than this. */
const MAX_DEBT_MS = 200;

/**
 * How many bytes may leave at a rate: what was not used is kept for a moment only, and what left too
 * much is waited for.
 *
 * @example
 * ```ts
 * import { ViewerPace } from "./viewer_pace.ts";
 *
 * const pace = new ViewerPace();
 * pace.advance(0, 800_000);
 * pace.spend(1600);
 * pace.isOpen; // false
 * pace.openMs; // 1
 * pace.advance(1, 800_000);
 * pace.isOpen; // true
 * ```
 */
export class ViewerPace {
  #credit = 0;
  #bytesPerMs = 0;
  #nowMs: number | undefined;

  /** Whether another packet may leave; how large it is, is paid for afterwards. */
  get isOpen(): boolean {
    return this.#credit > 0;
  }

  /** When it is open again, if nothing more is spent. */
  get openMs(): number {
    const nowMs = this.#nowMs ?? 0;
    return this.isOpen || this.#bytesPerMs === 0
      ? nowMs
      : nowMs + Math.floor(-this.#credit / this.#bytesPerMs) + 1;
  }

  /** Time has passed, at this rate. The first call gives a burst. */
  advance(nowMs: number, rateBps: number): void {
    const passedMs = this.#nowMs === undefined ? Infinity : nowMs - this.#nowMs;
    this.#nowMs = nowMs;
    this.#bytesPerMs = rateBps / 8000;
    const burst = Math.max(MIN_BURST_BYTES, this.#bytesPerMs * BURST_MS);
    this.#credit = Math.min(this.#credit + passedMs * this.#bytesPerMs, burst);
  }

  /** So much may leave at once, in any case. */
  grant(bytes: number): void {
    this.#credit = Math.max(this.#credit, bytes);
  }

  /** Something has left. */
  spend(bytes: number): void {
    this.#credit = Math.max(this.#credit - bytes, -this.#bytesPerMs * MAX_DEBT_MS);
  }

  /** What was not used before does not count any more. */
  reset(): void {
    this.#nowMs = undefined;
    this.#credit = 0;
  }
}
