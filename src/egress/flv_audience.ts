import { Cursor } from "../stream/cursor.ts";
import { Feed, type TrackSelection } from "../stream/feed.ts";
import type { LogReader } from "../stream/log_reader.ts";

/** Where a viewer's bytes go: an HTTP response or a WebSocket. */
export interface ViewerSink {
  /** Whether it holds back a part of what it was given, to be passed on by {@linkcode proceed}. */
  readonly hasRest: boolean;
  /** Whether it has passed on all that it did not hold back. */
  isReady(): boolean;
  /** Takes a piece, which is shared with other viewers and never changes. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Passes on the next part of what it holds back. */
  proceed(): void;
  /** Ends the response after what it was given. */
  end(): void;
  /** Gives up what it was given and ends. */
  abort(): void;
}

/** When to look again at viewers that are behind and were not ready. */
const BUSY_RETRY_MS = 50;

/** What became of an attempt to give a viewer something. */
type Delivery = "given" | "busy" | "nothing";

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

  /** Whether there is something that the sink did not get yet. */
  get hasMore(): boolean {
    return this.sink.hasRest || this.cursor.hasMore;
  }

  /**
   * Gives the sink the next piece, unless it is "busy" with the last one. There may be more, for
   * another turn: only then can the sink tell whether it has passed this one on.
   */
  deliver(nowMs: number): Delivery {
    if (!this.sink.isReady()) return "busy";
    this.readyAtMs = nowMs;
    if (this.sink.hasRest) {
      this.sink.proceed();
      return "given";
    }
    const piece = this.cursor.next();
    if (piece === undefined) return "nothing";
    this.sink.send(piece);
    return "given";
  }

  /** Gives the sink all there is, unless it is slow, and ends it. */
  finish(): void {
    if (this.sink.isReady()) {
      for (let piece = this.cursor.next(); piece !== undefined; piece = this.cursor.next()) {
        this.sink.send(piece);
      }
    }
    this.sink.end();
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
  /** Viewers for which there is more than they were given. */
  #behind = new Set<FlvViewer>();
  #catchUpTimer: ReturnType<typeof setTimeout> | undefined;
  #catchUpAtMs = Infinity;
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
    this.#give(viewer, nowMs);
    return viewer;
  }

  remove(viewer: FlvViewer): void {
    this.#viewers.delete(viewer);
    this.#behind.delete(viewer);
    if (this.#viewers.size === 0) this.#cancelDelivery();
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

  /** Ends all viewers, after what there is left for those that keep up. */
  end(): void {
    this.#cancelDelivery();
    this.#behind.clear();
    this.#feed.update();
    for (const viewer of this.#viewers) viewer.finish();
    this.#viewers.clear();
  }

  /** Another viewer may come: the next flush must find no timer that will not fire. */
  #cancelDelivery(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearTimeout(this.#catchUpTimer);
    this.#catchUpAtMs = Infinity;
  }

  #deliver(nowMs: number): void {
    this.#deliveredAtMs = nowMs;
    this.#feed.update();
    for (const viewer of this.#viewers) this.#give(viewer, nowMs);
  }

  /** Gives a viewer one piece now, and the others in turns of their own. */
  #give(viewer: FlvViewer, nowMs: number): void {
    const jumps = viewer.cursor.jumps;
    const delivery = viewer.deliver(nowMs);
    if (viewer.cursor.jumps > jumps) this.#events.jumped(1);
    if (delivery === "nothing" || !viewer.hasMore) return;
    this.#behind.add(viewer);
    this.#scheduleCatchUp(nowMs, delivery === "given" ? 0 : BUSY_RETRY_MS);
  }

  #scheduleCatchUp(nowMs: number, delayMs: number): void {
    if (this.#catchUpAtMs <= nowMs + delayMs) return;
    clearTimeout(this.#catchUpTimer);
    this.#catchUpAtMs = nowMs + delayMs;
    this.#catchUpTimer = setTimeout(() => this.#catchUp(), delayMs);
  }

  #catchUp(): void {
    this.#catchUpAtMs = Infinity;
    const viewers = this.#behind;
    this.#behind = new Set();
    const nowMs = performance.now();
    for (const viewer of viewers) this.#give(viewer, nowMs);
  }
}
