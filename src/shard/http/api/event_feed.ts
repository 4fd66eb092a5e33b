import { concat } from "@std/bytes/concat";
import { ALIVE, QUIET_TICKS } from "./event_answers.ts";
import { type ApiEvent, type EventGroup, groupOf, KEPT_EVENTS } from "../../api_event.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes that a follower is given at once, or a few more. */
const PIECE_BYTES = 64 * 1024;

const encoder = new TextEncoder();

interface KeptEvent {
  readonly group: EventGroup;
  readonly bytes: Bytes;
}

/** How somebody follows. */
export interface FollowOptions {
  readonly groups: ReadonlySet<EventGroup>;
  /** The newest event that it has, as it was sent with it (Last-Event-ID). */
  readonly lastId: string | undefined;
  /** What who begins anew is told first: JSON. */
  readonly greeting: () => string;
}

interface Follower {
  /** Looks whether there is something for it. */
  wake(): void;
  /** Shows that the connection lives, if it waits. */
  tick(): void;
  /** Ends it when it has taken what there is. */
  end(): void;
}

/**
 * What changes, for those who follow it at this shard: each is a place in the events that are kept, so
 * that one who reads slowly costs nothing, and skips what is kept no more.
 */
export class EventFeed {
  readonly #run: string;
  readonly #follow: (isFollowing: boolean) => void;
  readonly #followers = new Set<Follower>();
  #events: KeptEvent[] = [];
  #first = 0;
  /** Whether control has told what there is. */
  #isTold = false;
  #isClosed = false;

  /**
   * @param run names this run of the process: numbers of another one mean nothing here
   * @param follow has control tell this shard of events, or not any more
   */
  constructor(run: string, follow: (isFollowing: boolean) => void) {
    this.#run = run;
    this.#follow = follow;
  }

  get #next(): number {
    return this.#first + this.#events.length;
  }

  /** Takes events from control, the first of which has this number. */
  take(first: number, events: readonly ApiEvent[]): void {
    // The last follower may have gone meanwhile.
    if (this.#followers.size === 0) return;
    if (!this.#isTold || first !== this.#next) {
      this.#events = [];
      this.#first = first;
    }
    this.#isTold = true;
    for (const { name, data } of events) {
      const text = `id: ${this.#run}.${this.#next}\nevent: ${name}\ndata: ${data}\n\n`;
      this.#events.push({ group: groupOf(name), bytes: encoder.encode(text) });
    }
    const surplus = this.#events.length - KEPT_EVENTS;
    if (surplus > 0) this.#first += this.#events.splice(0, surplus).length;
    for (const follower of this.#followers) follower.wake();
  }

  /** The events from now on, or from where a follower was, until they are cancelled. */
  open(options: FollowOptions): ReadableStream<Bytes> {
    let controller: ReadableStreamDefaultController<Bytes> | undefined;
    let at: number | undefined;
    let quietTicks = 0;
    let isEnded = this.#isClosed;
    const give = (bytes: Bytes) => {
      quietTicks = 0;
      controller?.enqueue(bytes);
      controller = undefined;
    };
    const wake = () => {
      if (controller === undefined || !this.#isTold) return;
      const begun = at === undefined ? this.#begin(options) : { at, bytes: undefined };
      at = begun.at;
      if (begun.bytes !== undefined) return give(begun.bytes);
      const piece = this.#pieceFrom(at, options.groups);
      at = piece.next;
      if (piece.bytes.length > 0) give(piece.bytes);
      else if (isEnded) close();
    };
    const close = () => {
      controller?.close();
      controller = undefined;
      this.#leave(follower);
    };
    const follower: Follower = {
      wake,
      tick: () => {
        if (controller !== undefined && ++quietTicks >= QUIET_TICKS) give(ALIVE);
      },
      end: () => {
        isEnded = true;
        if (this.#isTold) wake();
        else close();
      },
    };
    if (!isEnded) this.#join(follower);
    return new ReadableStream<Bytes>({
      pull: (pulled) => {
        controller = pulled;
        if (isEnded && !this.#isTold) close();
        else wake();
      },
      cancel: () => this.#leave(follower),
    }, { highWaterMark: 0 });
  }

  /** To be called every second. */
  tick(): void {
    for (const follower of this.#followers) follower.tick();
  }

  /** Ends all, when they have taken what there is. */
  close(): void {
    this.#isClosed = true;
    for (const follower of [...this.#followers]) follower.end();
  }

  #join(follower: Follower): void {
    this.#followers.add(follower);
    if (this.#followers.size === 1) this.#follow(true);
  }

  #leave(follower: Follower): void {
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return;
    this.#follow(false);
    this.#isTold = false;
    this.#events = [];
  }

  /** Where a follower begins; with a greeting if it has no event from here that is still known. */
  #begin({ lastId, greeting }: FollowOptions): { at: number; bytes: Bytes | undefined } {
    const [run, number] = lastId?.split(".") ?? [];
    const next = Number(number) + 1;
    const isKnown = Number.isInteger(next) && next >= this.#first && next <= this.#next;
    if (run === this.#run && isKnown) {
      return { at: next, bytes: undefined };
    }
    const text = `id: ${this.#run}.${this.#next - 1}\nevent: begin\ndata: ${greeting()}\n\n`;
    return { at: this.#next, bytes: encoder.encode(text) };
  }

  #pieceFrom(
    from: number,
    groups: ReadonlySet<EventGroup>,
  ): { readonly bytes: Bytes; readonly next: number } {
    const pieces: Bytes[] = [];
    let length = 0;
    const add = (bytes: Bytes) => {
      pieces.push(bytes);
      length += bytes.length;
    };
    let at = from;
    if (at < this.#first) {
      const data = JSON.stringify({ at: Date.now(), count: this.#first - at });
      add(encoder.encode(`event: skipped\ndata: ${data}\n\n`));
      at = this.#first;
    }
    for (; at < this.#next && length < PIECE_BYTES; at++) {
      const { group, bytes } = this.#events[at - this.#first]!;
      if (groups.has(group)) add(bytes);
    }
    return { bytes: concat(pieces), next: at };
  }
}
