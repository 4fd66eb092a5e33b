import { Feed, type TrackSelection } from "../stream/feed.ts";
import type { LogReader } from "../stream/log_reader.ts";
import { FlvViewer, type FlvViewerEvents } from "./flv_viewer.ts";

export interface AudienceOptions {
  /** Least time between two deliveries; 0 delivers whenever the publisher flushes. */
  readonly flushMs: number;
}

/** What became of the viewers of an audience, for counters. */
export interface AudienceEvents {
  /** A viewer was overtaken by the log's tail and goes on near live. */
  readonly jumped: () => void;
}

/**
 * The viewers of one form of a stream on one shard. All of them read the same feed; one that is
 * slow takes larger pieces later, and costs the others nothing.
 */
export class FlvAudience {
  readonly #feed: Feed;
  readonly #flushMs: number;
  readonly #viewerEvents: FlvViewerEvents;
  readonly #viewers = new Set<FlvViewer>();
  #deliveredAtMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    log: LogReader,
    selection: TrackSelection,
    { flushMs }: AudienceOptions,
    { jumped }: AudienceEvents,
  ) {
    this.#feed = new Feed(log, selection);
    this.#flushMs = flushMs;
    this.#viewerEvents = { jumped, left: (viewer) => this.#remove(viewer) };
  }

  get size(): number {
    return this.#viewers.size;
  }

  /**
   * Adds a viewer: the stream of what it is to be sent, from the preamble and the newest key frame
   * on. The viewer leaves when its stream is cancelled.
   */
  add(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const viewer = new FlvViewer(this.#feed, this.#viewerEvents);
    this.#viewers.add(viewer);
    this.#feed.update();
    return viewer.stream;
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

  /** Ends all viewers, after what there is left for them. */
  end(): void {
    this.#cancelDelivery();
    this.#feed.update();
    for (const viewer of this.#viewers) viewer.end();
    this.#viewers.clear();
  }

  #remove(viewer: FlvViewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size === 0) this.#cancelDelivery();
  }

  /** Another viewer may come: the next flush must find no timer that will not fire. */
  #cancelDelivery(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #deliver(nowMs: number): void {
    this.#deliveredAtMs = nowMs;
    this.#feed.update();
    for (const viewer of this.#viewers) viewer.offer();
  }
}
