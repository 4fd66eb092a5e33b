import { areSameSubject } from "../access/access.ts";
import type { Contest, StreamPublisher } from "../shard/live/publish_decision.ts";

/** Those that may wait for one stream: whoever tries again and again is refused at once. */
const MAX_CONTENDERS = 4;

/**
 * A publisher that was there when another one came is not asked again before so long: its shard is not
 * asked for everyone who tries, who wait meanwhile.
 */
const KEPT_MS = 1000;

/** Somebody who wants to publish a stream that has a publisher, and waits for that to give way. */
export interface Contender {
  readonly path: string;
  readonly shard: number;
  readonly requestId: number;
  readonly publisher: Partial<StreamPublisher>;
}

/**
 * Those who wait for the publisher of one stream to give way. They wait until it is known whether it
 * is there: it may have gone without a word, and be one of them.
 */
export class Contenders {
  readonly #ask: (how: Contest) => void;
  #waiting: readonly Contender[] = [];
  /** When the publisher was found to be there. */
  #keptAtMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param ask has the publisher end, or say whether it is there */
  constructor(ask: (how: Contest) => void) {
    this.#ask = ask;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether there was room for it; then the publisher is asked, or was already. */
  add(contender: Contender, how: Contest, nowMs: number): boolean {
    if (this.size >= MAX_CONTENDERS) return false;
    this.#waiting = [...this.#waiting, contender];
    if (how === "end") this.#ask(how);
    else if (this.size === 1) this.#askLater(how, this.#keptAtMs + KEPT_MS - nowMs);
    return true;
  }

  /** Those of a shard, or the one with this number, wait no more; returns them. */
  remove(shard: number, requestId?: number): readonly Contender[] {
    const isMeant = (one: Contender) =>
      one.shard === shard && (requestId === undefined || one.requestId === requestId);
    const removed = this.#waiting.filter(isMeant);
    this.#waiting = this.#waiting.filter((one) => !isMeant(one));
    if (this.size === 0) clearTimeout(this.#timer);
    return removed;
  }

  /** The publisher is there: returns all, who wait no more. */
  kept(nowMs: number): readonly Contender[] {
    this.#keptAtMs = nowMs;
    return this.take({});
  }

  /** The publisher is gone: returns all, who wait no more; first the same, if it has come again. */
  take(publisher: Partial<StreamPublisher>): readonly Contender[] {
    clearTimeout(this.#timer);
    const isSame = (one: Contender) => areSameSubject(one.publisher, publisher);
    const taken = this.#waiting;
    this.#waiting = [];
    return [...taken.filter(isSame), ...taken.filter((one) => !isSame(one))];
  }

  /** Another publisher has the stream, of which nothing is known. */
  begin(): void {
    this.#keptAtMs = -Infinity;
  }

  #askLater(how: Contest, waitMs: number): void {
    if (waitMs <= 0) this.#ask(how);
    else this.#timer = setTimeout(() => this.#ask(how), waitMs);
  }
}
