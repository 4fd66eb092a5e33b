import { areSameSubject } from "../access/access.ts";
import type { StreamPublisher } from "../shard/live/publish_decision.ts";

/** Those that may wait for one stream: whoever tries again and again is refused at once. */
const MAX_CONTENDERS = 4;

/** Somebody who wants to publish a stream that has a publisher, and waits for that to give way. */
export interface Contender {
  readonly path: string;
  readonly shard: number;
  readonly requestId: number;
  readonly publisher: Partial<StreamPublisher>;
}

/** Those who wait for the publisher of one stream to give way. */
export class Contenders {
  #waiting: readonly Contender[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether there was room for it. */
  add(contender: Contender): boolean {
    if (this.#waiting.length >= MAX_CONTENDERS) return false;
    this.#waiting = [...this.#waiting, contender];
    return true;
  }

  /** Those of a shard, or the one with this number, wait no more; returns them. */
  remove(shard: number, requestId?: number): readonly Contender[] {
    const isMeant = (one: Contender) =>
      one.shard === shard && (requestId === undefined || one.requestId === requestId);
    const removed = this.#waiting.filter(isMeant);
    this.#waiting = this.#waiting.filter((one) => !isMeant(one));
    return removed;
  }

  /** All of them, who wait no more: the publisher itself first, if it has come again. */
  take(publisher: Partial<StreamPublisher>): readonly Contender[] {
    const isSame = (one: Contender) => areSameSubject(one.publisher, publisher);
    const taken = this.#waiting;
    this.#waiting = [];
    return [...taken.filter(isSame), ...taken.filter((one) => !isSame(one))];
  }
}
