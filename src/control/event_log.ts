import { type ApiEvent, KEPT_EVENTS } from "../shard/api_event.ts";
import type { ToShard } from "../shard/messages.ts";

/** What has changed lately, numbered, for those shards that somebody follows it at. */
export class EventLog {
  readonly #send: (shard: number, message: ToShard) => void;
  readonly #following = new Set<number>();
  #events: readonly ApiEvent[] = [];
  /** The number of the first one that is kept. */
  #first = 1;

  constructor(send: (shard: number, message: ToShard) => void) {
    this.#send = send;
  }

  add(events: readonly ApiEvent[]): void {
    const first = this.#first + this.#events.length;
    const all = [...this.#events, ...events];
    this.#events = all.slice(-KEPT_EVENTS);
    this.#first += all.length - this.#events.length;
    for (const shard of this.#following) this.#send(shard, { kind: "events", first, events });
  }

  /** From now on, a shard is told of each, and first of all that are kept; or no more. */
  follow(shard: number, isFollowing: boolean): void {
    if (!isFollowing) return void this.#following.delete(shard);
    this.#following.add(shard);
    this.#send(shard, { kind: "events", first: this.#first, events: this.#events });
  }

  shardLost(shard: number): void {
    this.#following.delete(shard);
  }
}
