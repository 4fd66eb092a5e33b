import { SHORT_QUEUE_MS } from "./queue_gauge.ts";

/** For so long after a cut, another one leaves a part. */
const AGAIN_MS = 2000;
/** So does the first of a link that was narrow already, whose queue is shorter than this. */
const FIRST_QUEUE_MS = 150;
const LEFT_PART = 0.6;

/** While a queue empties, the longer it is the less is sent, but never less than this part. */
const MIN_PART = 0.35;
const MAX_PART = 0.85;
/** By a queue of this length, nothing would be left. */
const NOTHING_LEFT_MS = 600;
/** How much longer than expected it may take to empty. */
const PATIENCE_MS = 700;

/** A queue that is shorter than this in the end is left to empty by itself. */
const SHORT_ENOUGH_MS = 50;
/** One that keeps more than this part of its length, though less is sent, is not ours. */
const OWN_PART = 0.7;
/** Nor is one that has become longer again by so much. */
const REGROWN_MS = 50;
/** Nor is one that comes again and again for so long, with less than this between. */
const OWN_EPISODE_MS = 6000;
const EPISODE_GAP_MS = 3000;
/** Others make a longer queue than this. */
const SHARED_QUEUE_MS = 100;
/** One that gets longer than this, and so many times as long as it was, is ours as well. */
const RUNAWAY_QUEUE_MS = 600;
const RUNAWAY_FACTOR = 2;
/** Others have gone when there was no queue for so long. */
const CALM_MS = 3000;

/** `own`: less is sent, until our queue is empty. `shared`: others keep it full. */
export type CongestionKind = "none" | "own" | "shared";

/** What becomes of a queue. `stays`: too much is sent still; `another's`: others keep it. */
export type DrainResult = "drains" | "over" | "stays" | "another's";

/** How a queue is seen that is being emptied. */
export interface QueueSight {
  /** As it was told last, or as long as an echo has waited in it. */
  readonly queueMs: number;
  /** Whether anything was told of it since less is sent. */
  readonly isTold: boolean;
  /** How long it takes until it is told. */
  readonly answerMs: number;
}

/** Whether the link is congested, by whom, and how much of what it carries is sent meanwhile. */
export class Congestion {
  #kind: CongestionKind = "none";
  /** When less began to be sent, and the longest and the shortest queue since. */
  #cutMs = -Infinity;
  #longestMs = 0;
  #shortestMs = Infinity;
  #part = 1;
  /** When congestion began that has come again since, and when it ended last. */
  #episodeMs = -Infinity;
  #endedMs = -Infinity;
  /** Of a shared queue: how long it was, and since when it is short. */
  #sharedMs = 0;
  #calmMs = Infinity;

  get kind(): CongestionKind {
    return this.#kind;
  }

  get cutMs(): number {
    return this.#cutMs;
  }

  /**
   * What part of the capacity is left by a cut at least. After another one little is sent, and what was
   * lost before that is still being reported. And who shares a link with others may send less than its
   * part at that moment: it would get less and less by each short queue.
   *
   * @param isNarrow whether what the link carries was known
   */
  leastPart(queueMs: number, isNarrow: boolean, nowMs: number): number {
    const isAgain = nowMs - this.#cutMs < AGAIN_MS;
    const isGrowing = this.#kind === "none" && isNarrow && queueMs < FIRST_QUEUE_MS;
    return isAgain || isGrowing ? LEFT_PART : 0;
  }

  /** Of what the link carries: to be sent. */
  get part(): number {
    return this.#part;
  }

  /** There is congestion: ours, unless it has come too often. */
  begin(queueMs: number, nowMs: number): void {
    if (this.#kind === "none" && nowMs - this.#endedMs > EPISODE_GAP_MS) this.#episodeMs = nowMs;
    if (nowMs - this.#episodeMs > OWN_EPISODE_MS && queueMs > SHARED_QUEUE_MS) {
      this.#share(queueMs);
      return;
    }
    this.#kind = "own";
    this.#cutMs = nowMs;
    this.#longestMs = queueMs;
    this.#shortestMs = Infinity;
    this.#setPart(queueMs);
  }

  /** Our queue is being emptied: how that goes. */
  watch({ queueMs, isTold, answerMs }: QueueSight, nowMs: number): DrainResult {
    this.#longestMs = Math.max(this.#longestMs, queueMs);
    if (isTold) this.#shortestMs = Math.min(this.#shortestMs, queueMs);
    this.#setPart(queueMs);
    const expectedMs = this.#longestMs / (1 - this.#part) + answerMs;
    if (nowMs - this.#cutMs < expectedMs + PATIENCE_MS) return "drains";
    if (!isTold || queueMs < SHORT_ENOUGH_MS) return "over";
    const isRegrown = queueMs > this.#shortestMs + REGROWN_MS;
    if (queueMs <= OWN_PART * this.#longestMs && !isRegrown) return "stays";
    this.#share(queueMs);
    return "another's";
  }

  /**
   * A round trip has told how long the queue is: whether the congestion is over by that, or less is to be
   * sent after all, which begins another one.
   */
  takeQueue(queueMs: number, nowMs: number): "over" | "runs away" | undefined {
    const isShort = queueMs < SHORT_QUEUE_MS;
    if (this.#kind === "own") return isShort ? "over" : undefined;
    if (queueMs > Math.max(RUNAWAY_QUEUE_MS, RUNAWAY_FACTOR * this.#sharedMs)) {
      this.#kind = "none";
      this.#episodeMs = nowMs;
      return "runs away";
    }
    this.#calmMs = isShort ? Math.min(this.#calmMs, nowMs) : Infinity;
    return nowMs - this.#calmMs > CALM_MS ? "over" : undefined;
  }

  end(nowMs: number): void {
    this.#kind = "none";
    this.#endedMs = nowMs;
  }

  #share(queueMs: number): void {
    this.#kind = "shared";
    this.#sharedMs = queueMs;
    this.#part = MAX_PART;
    this.#calmMs = Infinity;
  }

  #setPart(queueMs: number): void {
    this.#part = Math.min(Math.max(1 - queueMs / NOTHING_LEFT_MS, MIN_PART), MAX_PART);
  }
}
