/** So often is looked whether the thread is late, while somebody waits for an answer. */
const INTERVAL_MS = 20;

/** How long that goes on after something was asked: answers rarely take longer. */
const WATCH_MS = 300;

/** Timers come as late as this where nothing is wrong. */
const MIN_DELAY_MS = 3;

/** More than are of use to anybody who asks. */
const MAX_DELAYS = 64;

/** The thread was to do something at one time, and did it at the other. */
interface Delay {
  readonly dueMs: number;
  readonly doneMs: number;
}

/**
 * How late this thread was, and when: it has much to do, or does not get a processor. What has come
 * meanwhile was read late, and tells nothing about the way that it came.
 */
export class ThreadDelays {
  /** Oldest first. */
  readonly #delays: Delay[] = [];
  #untilMs = -Infinity;
  /** Of the timer that is set. */
  #dueMs: number | undefined;

  /** Something is asked whose answer is timed: delays are known from now on for a while. */
  watch(nowMs: number): void {
    this.#untilMs = nowMs + WATCH_MS;
    if (this.#dueMs === undefined) this.#order(nowMs);
  }

  /** The longest delay since a moment, as far as it lies behind it; 0 if there was none. */
  longestMs(sinceMs: number, nowMs: number): number {
    let longestMs = 0;
    for (let at = this.#delays.length - 1; at >= 0; at--) {
      const { dueMs, doneMs } = this.#delays[at]!;
      if (doneMs <= sinceMs) break;
      longestMs = Math.max(longestMs, doneMs - Math.max(dueMs, sinceMs));
    }
    // What is read now may have come before the timer that is late.
    const lateMs = nowMs - Math.max(this.#dueMs ?? nowMs, sinceMs);
    return lateMs > MIN_DELAY_MS ? Math.max(longestMs, lateMs) : longestMs;
  }

  #order(nowMs: number): void {
    this.#dueMs = nowMs + INTERVAL_MS;
    // It must not keep a thread that has nothing else to do.
    Deno.unrefTimer(setTimeout(this.#look, INTERVAL_MS) as unknown as number);
  }

  readonly #look = () => {
    const nowMs = performance.now();
    const dueMs = this.#dueMs!;
    if (nowMs - dueMs > MIN_DELAY_MS) {
      if (this.#delays.length === MAX_DELAYS) this.#delays.shift();
      this.#delays.push({ dueMs, doneMs: nowMs });
    }
    if (nowMs < this.#untilMs) this.#order(nowMs);
    else this.#dueMs = undefined;
  };
}

/** Those of this thread: of a shard, since each has its own. */
export const threadDelays = new ThreadDelays();
