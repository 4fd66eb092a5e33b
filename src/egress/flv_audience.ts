import { Cursor } from "../stream/cursor.ts";
import { Feed, type TrackSelection } from "../stream/feed.ts";
import type { LogReader } from "../stream/log_reader.ts";

/** Where a viewer's bytes go: an HTTP response or a WebSocket. */
export interface ViewerSink {
  /** Pieces it may be given in one go: what it copies, it has to bound. */
  readonly maxPieces: number;
  /** Whether it has passed on all that it was given. */
  isReady(): boolean;
  /** Takes a piece, which is shared with other viewers and never changes. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Ends the response after what it was given. */
  end(): void;
  /** Gives up what it was given and ends. */
  abort(): void;
}

/** One viewer of one form of a stream. */
export class FlvViewer {
  readonly cursor: Cursor;
  readonly sink: ViewerSink;
  /** When the sink was last seen to have passed everything on. */
  readyAtMs: number;

  constructor(feed: Feed, sink: ViewerSink, nowMs: number) {
    this.cursor = new Cursor(feed);
    this.sink = sink;
    this.readyAtMs = nowMs;
  }

  /** Gives the sink all there is for it, unless it still has some. */
  deliver(nowMs: number): void {
    if (!this.sink.isReady()) return;
    this.readyAtMs = nowMs;
    for (let pieces = 0; pieces < this.sink.maxPieces; pieces++) {
      const piece = this.cursor.next();
      if (piece === undefined) return;
      this.sink.send(piece);
    }
  }
}

export interface AudienceOptions {
  /** Least time between two deliveries; 0 delivers whenever the publisher flushes. */
  readonly flushMs: number;
  /** How long a viewer may take nothing before it is ended. */
  readonly stallMs: number;
}

/** What became of the viewers of an audience, for counters. */
export interface AudienceEvents {
  readonly jumped: (count: number) => void;
  readonly stalled: (count: number) => void;
}

/**
 * The viewers of one form of a stream on one shard. All of them read the same feed; one that is
 * slow takes larger pieces later, and costs the others nothing.
 */
export class FlvAudience {
  readonly #feed: Feed;
  readonly #options: AudienceOptions;
  readonly #events: AudienceEvents;
  readonly #viewers = new Set<FlvViewer>();
  #deliveredAtMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    log: LogReader,
    selection: TrackSelection,
    options: AudienceOptions,
    events: AudienceEvents,
  ) {
    this.#feed = new Feed(log, selection);
    this.#options = options;
    this.#events = events;
  }

  get size(): number {
    return this.#viewers.size;
  }

  /** Adds a viewer and gives it what there is to begin with. */
  add(sink: ViewerSink, nowMs: number): FlvViewer {
    const viewer = new FlvViewer(this.#feed, sink, nowMs);
    this.#viewers.add(viewer);
    this.#feed.update();
    viewer.deliver(nowMs);
    return viewer;
  }

  remove(viewer: FlvViewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size === 0) this.#clearTimer();
  }

  /** The publisher has flushed: delivers now, or when the flush interval is over. */
  notify(nowMs: number): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#deliveredAtMs + this.#options.flushMs - nowMs;
    if (waitMs <= 0) return this.#deliver(nowMs);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#deliver(performance.now());
    }, waitMs);
  }

  /** Ends viewers that have taken nothing for too long. To be called every second or so. */
  sweep(nowMs: number): void {
    let stalled = 0;
    for (const viewer of this.#viewers) {
      if (viewer.sink.isReady()) viewer.readyAtMs = nowMs;
      if (nowMs - viewer.readyAtMs < this.#options.stallMs) continue;
      stalled++;
      this.remove(viewer);
      viewer.sink.abort();
    }
    if (stalled > 0) this.#events.stalled(stalled);
  }

  /** Ends all viewers, after what there is left for them. */
  end(nowMs: number): void {
    this.#clearTimer();
    this.#deliver(nowMs);
    for (const viewer of this.#viewers) viewer.sink.end();
    this.#viewers.clear();
  }

  /** Another viewer may come: the next flush must find no timer that will not fire. */
  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #deliver(nowMs: number): void {
    this.#deliveredAtMs = nowMs;
    this.#feed.update();
    let jumps = 0;
    for (const viewer of this.#viewers) {
      const before = viewer.cursor.jumps;
      viewer.deliver(nowMs);
      jumps += viewer.cursor.jumps - before;
    }
    if (jumps > 0) this.#events.jumped(jumps);
  }
}
