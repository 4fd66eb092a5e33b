import type { FeedAudience } from "./feed_audience.ts";
import { FeedReader, type TrackLadder } from "./feed_reader.ts";
import { DEFAULT_TRACKS, type TrackSelection } from "../stream/track_selection.ts";

/** Of a viewer. */
export interface FlvViewerOptions {
  /** What of the stream the audience has; the default tracks by default. */
  readonly selection?: TrackSelection;
  /** Where there are smaller pictures for it when it lags, if it wants them. */
  readonly ladder?: TrackLadder | undefined;
  /** Called once, when its reader is given the first piece. */
  readonly began?: () => void;
}

/**
 * One viewer of one form of a stream: a stream of whole FLV tags that pulls from its place in it.
 *
 * It queues nothing. Whoever reads it asks for the next piece when the last one is sent; a viewer
 * that is slow asks seldom, gets larger pieces, and is jumped over by what it misses.
 */
export class FlvViewer {
  /** Its pieces are shared with other viewers and never change. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #reader: FeedReader;
  readonly #began: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #bytes = 0;
  #stopReason: string | undefined;
  /** "asked": the reader waits for something that was not there. */
  #state: "idle" | "asked" | "over" | "left" = "idle";

  /** Joins the audience; leaves it when its stream is cancelled. */
  constructor(
    audience: FeedAudience,
    { selection = DEFAULT_TRACKS, ladder, began = () => {} }: FlvViewerOptions = {},
  ) {
    this.#began = began;
    this.#reader = new FeedReader(() => this.#offer(), { keeps: "nothing", ladder });
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => {
        this.#state = "left";
        this.#reader.pause();
      },
    }, { highWaterMark: 0 });
    this.#reader.watch(audience, selection);
  }

  /** Bytes that its reader has taken. */
  get bytes(): number {
    return this.#bytes;
  }

  get jumps(): number {
    return this.#reader.jumps;
  }

  /** How far it is behind the stream; `undefined` before the beginning. */
  get lagMs(): number | undefined {
    return this.#reader.lagMs;
  }

  /** Why its stream was closed; `undefined` if it was not: then who reads it has left. */
  get endReason(): string | undefined {
    return this.#state === "over" ? this.#stopReason ?? this.#reader.endReason : undefined;
  }

  /** Ends it at once, whatever there is left for it. */
  stop(reason: string): void {
    if (this.#state === "over" || this.#state === "left") return;
    this.#stopReason = reason;
    this.#close();
  }

  /** There may be something new, or nothing any more: a reader that waits is told. */
  #offer(): void {
    if (this.#state !== "asked") return;
    this.#state = "idle";
    this.#pull();
  }

  #pull(): void {
    const piece = this.#reader.next();
    if (piece !== undefined) this.#give(piece);
    else if (this.#reader.endReason !== undefined) this.#close();
    else this.#state = "asked";
  }

  #close(): void {
    this.#state = "over";
    this.#controller.close();
    this.#reader.pause();
  }

  #give(piece: Uint8Array<ArrayBuffer>): void {
    if (this.#bytes === 0) this.#began();
    this.#bytes += piece.length;
    this.#controller.enqueue(piece);
  }
}
