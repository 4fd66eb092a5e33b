import { LossGauge } from "./loss_gauge.ts";
import { NackGauge, type ToldSpan } from "./nack_gauge.ts";
import type { SendHistory } from "./send_history.ts";

/** Whoever asks for more than this part again is behind a queue that is full, or a link that stands still. */
const SHARP_PART = 0.3;

/** A link that loses less than this by itself loses packets in its queue. */
export const LITTLE_LOSS = 0.005;

/** So long after a loss, others are looked for. */
const RECENT_MS = 1000;

/** What is lost on the way to a viewer, by its reports and by what it asks for again. */
export class Losses {
  readonly #reports = new LossGauge();
  readonly #nacks: NackGauge;
  readonly #told: (nowMs: number) => ToldSpan;
  #seenMs = -Infinity;

  /**
   * @param sent borrowed: what has been sent to it
   * @param told what of that the viewer tells of
   */
  constructor(sent: SendHistory, told: (nowMs: number) => ToldSpan) {
    this.#nacks = new NackGauge(sent);
    this.#told = told;
  }

  /** As it reports. */
  get reported(): Pick<LossGauge, "fraction" | "newest" | "own" | "excess"> {
    return this.#reports;
  }

  takeReport(lossFraction: number, nowMs: number): void {
    this.#reports.take(lossFraction, nowMs);
    if (lossFraction > 0) this.#seenMs = nowMs;
  }

  takeNack(lostBytes: number, nowMs: number): void {
    this.#nacks.take(lostBytes, nowMs);
    this.#seenMs = nowMs;
  }

  /** Whether any was told of just now. */
  isRecent(nowMs: number): boolean {
    return nowMs - this.#seenMs < RECENT_MS;
  }

  /** See {@linkcode NackGauge.lossFraction}. */
  nackedPart(nowMs: number): number {
    return this.#nacks.lossFraction(this.#told(nowMs), nowMs);
  }

  /**
   * Whether so much is lost just now that a queue is full, or the link stands still. Of a link that
   * loses packets by itself, that cannot be told so soon.
   */
  isSharp(nowMs: number): boolean {
    return this.#reports.own <= LITTLE_LOSS && this.nackedPart(nowMs) > SHARP_PART;
  }

  /** What part was lost just now, 0 to 1, as far as is known. */
  part(nowMs: number): number {
    return Math.max(this.#reports.newest, this.nackedPart(nowMs));
  }

  /** What had passed before less was sent, as far as that is being told of still. */
  passedBps(nowMs: number): number {
    const { delayMs, sinceMs } = this.#told(nowMs);
    return nowMs - sinceMs < delayMs ? this.#nacks.passedBps(delayMs, sinceMs, nowMs) : Infinity;
  }
}
