import type { Feed } from "../stream/feed.ts";

/** How an audience is served. */
export interface AudienceOptions {
  /** Least time between two deliveries; 0 delivers whenever the publisher flushes. */
  readonly flushMs: number;
}

/** What became of the viewers of an audience, for counters. */
export interface AudienceEvents {
  /** A viewer was overtaken by the log's tail and goes on near live. */
  readonly jumped: () => void;
  /** So many viewers are ended, as no memory is left for what they are sent. */
  readonly starved: (count: number) => void;
}

/** Whoever reads a feed. */
export interface FeedViewer {
  /** There may be something new. */
  offer(): void;
  /** The stream is over, or there is a reason to end; what the feed holds may still be read. */
  end(reason: string): void;
  /** There is nothing more of what an audience has. @returns whether it goes on with something else */
  moveOn(gone: FeedAudience): boolean;
}

/**
 * The viewers of one form of a stream on one shard. All of them read the same feed; one that is
 * slow takes larger pieces later, and costs the others nothing.
 */
export class FeedAudience {
  readonly feed: Feed;
  readonly #flushMs: number;
  readonly #events: AudienceEvents;
  readonly #viewers = new Set<FeedViewer>();
  #isOver = false;
  #deliveredAtMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(feed: Feed, { flushMs }: AudienceOptions, events: AudienceEvents) {
    this.feed = feed;
    this.#flushMs = flushMs;
    this.#events = events;
  }

  /** Whether it has ended: whoever comes now is for another one. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get size(): number {
    return this.#viewers.size;
  }

  /** A viewer comes: what it reads from now on is up to date. */
  add(viewer: FeedViewer): void {
    this.#viewers.add(viewer);
    this.feed.update();
  }

  /** A viewer leaves, or has left before, or has got all of a stream that is over. */
  remove(viewer: FeedViewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    this.#cancelDelivery();
    if (this.#isOver) this.feed.close();
  }

  /** A viewer was overtaken by the feed's tail. */
  noteJump(): void {
    this.#events.jumped();
  }

  /** The publisher has flushed: delivers now, or when the flush interval is over. */
  notify(nowMs: number): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#deliveredAtMs + this.#flushMs - nowMs;
    if (waitMs <= 0) return this.#deliver(nowMs);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#deliver(performance.now());
    }, waitMs);
  }

  /** Ends all viewers, after what there is left for them: with the last of them goes the feed. */
  end(reason = "the stream is over"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelDelivery();
    this.feed.update();
    for (const viewer of [...this.#viewers]) viewer.end(reason);
    if (this.#viewers.size === 0) this.feed.close();
  }

  /**
   * The stream goes on without what these viewers watch: those are ended that want nothing else.
   *
   * @returns how many those are
   */
  dissolve(reason: string): number {
    this.feed.update();
    const ended = [...this.#viewers].filter((viewer) => !viewer.moveOn(this));
    for (const viewer of ended) viewer.end(reason);
    this.#isOver = true;
    this.#cancelDelivery();
    if (this.#viewers.size === 0) this.feed.close();
    return ended.length;
  }

  /** Another viewer may come: the next flush must find no timer that will not fire. */
  #cancelDelivery(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #endForMemory(): void {
    this.#events.starved(this.dissolve("no memory is left for what it is sent"));
  }

  #deliver(nowMs: number): void {
    this.#deliveredAtMs = nowMs;
    this.feed.update();
    if (this.feed.lack !== undefined) return this.#endForMemory();
    for (const viewer of this.#viewers) viewer.offer();
  }
}
