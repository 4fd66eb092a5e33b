import { SendHistory } from "./send_history.ts";

/** Over so long is looked what was asked for again, at most and at least: it comes in bunches. */
const WINDOW_MS = 300;
const LEAST_WINDOW_MS = 150;
/** Of what has passed, over so long at most. */
const MAX_PASSED_MS = 1000;
/** Fewer bytes are a picture or two, by chance. */
const LEAST_BYTES = 6000;
/** Of what is sent, more than this is rarely lost for long. */
const MOST_LOST = 0.85;
/** Of more than that, most was lost long ago: it is missed when pictures go on. */
const MOST_TOLD = 1.5;

/** What was sent, and is told of now. */
export interface ToldSpan {
  /** How long it takes until what was sent is missed, and that is told. */
  readonly delayMs: number;
  /** What was sent before does not count. */
  readonly sinceMs: number;
}

/**
 * What part of what is sent is lost, by what the viewer asks for again: known some tenths of a second
 * earlier than its reports tell.
 *
 * @example
 * ```ts
 * import { NackGauge } from "./nack_gauge.ts";
 * import { SendHistory } from "./send_history.ts";
 *
 * const sent = new SendHistory();
 * const gauge = new NackGauge(sent);
 * for (let nowMs = 0; nowMs < 1000; nowMs += 10) {
 *   sent.add(2500, nowMs);
 *   if (nowMs >= 500) gauge.take(1250, nowMs);
 * }
 * gauge.lossFraction({ delayMs: 100, sinceMs: 0 }, 1000); // about a half
 * ```
 */
export class NackGauge {
  readonly #sent: SendHistory;
  readonly #lost = new SendHistory();
  /** Since when it has asked without a pause. */
  #sinceMs = -Infinity;
  #newestMs = -Infinity;

  /** @param sent borrowed: what has been sent to it */
  constructor(sent: SendHistory) {
    this.#sent = sent;
  }

  /** The viewer asks for so many bytes for the first time. */
  take(lostBytes: number, nowMs: number): void {
    if (!(lostBytes > 0 && lostBytes < Infinity)) return;
    if (nowMs - this.#newestMs > WINDOW_MS) this.#sinceMs = nowMs;
    this.#newestMs = nowMs;
    this.#lost.add(lostBytes, nowMs);
  }

  /** What part was lost just now, 0 to 1; 0 as well if it is too little to tell. */
  lossFraction({ delayMs, sinceMs }: ToldSpan, nowMs: number): number {
    if (nowMs - this.#newestMs > WINDOW_MS) return 0;
    const windowMs = Math.min(WINDOW_MS, Math.max(nowMs - this.#sinceMs, LEAST_WINDOW_MS));
    const untilMs = nowMs - delayMs;
    const lostBps = this.#lost.rateBps(nowMs - windowMs, nowMs);
    if (untilMs - windowMs < sinceMs || lostBps * windowMs / 8000 < LEAST_BYTES) return 0;
    const part = lostBps / Math.max(1, this.#sent.rateBps(untilMs - windowMs, untilMs));
    return part > MOST_TOLD ? 0 : Math.min(MOST_LOST, part);
  }

  /**
   * What has passed at most of what was sent until a moment, by all that was asked for of it so far;
   * Infinity if that is not known.
   *
   * @param delayMs as in {@linkcode ToldSpan}
   */
  passedBps(delayMs: number, untilMs: number, nowMs: number): number {
    const fromMs = Math.max(this.#sinceMs - delayMs, untilMs - MAX_PASSED_MS);
    const lengthMs = untilMs - fromMs;
    if (lengthMs < LEAST_WINDOW_MS) return Infinity;
    const toldMs = nowMs - fromMs - delayMs;
    const lostBps = this.#lost.rateBps(fromMs + delayMs, nowMs) * toldMs / lengthMs;
    return this.#sent.rateBps(fromMs, untilMs) - lostBps;
  }
}
