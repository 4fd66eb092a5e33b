import { Cursor } from "../stream/cursor.ts";
import type { Feed } from "../stream/feed.ts";

/** What a viewer tells its audience. */
export interface FlvViewerEvents {
  /** The feed's tail had overtaken the viewer, which goes on at the newest key frame. */
  readonly jumped: () => void;
  /** Nobody reads the stream any more. */
  readonly left: (viewer: FlvViewer) => void;
}

/**
 * One viewer of one form of a stream: a stream of whole FLV tags that pulls from its cursor.
 *
 * It queues nothing. Whoever reads it asks for the next piece when the last one is sent; a viewer
 * that is slow asks seldom, gets larger pieces, and is jumped over by what it misses.
 */
export class FlvViewer {
  /** Its pieces are shared with other viewers and never change. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #cursor: Cursor;
  readonly #events: FlvViewerEvents;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  /** "asked": the reader waits for something that was not there. */
  #state: "idle" | "asked" | "ending" = "idle";

  constructor(feed: Feed, events: FlvViewerEvents) {
    this.#cursor = new Cursor(feed);
    this.#events = events;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => events.left(this),
    }, { highWaterMark: 0 });
  }

  /** There may be something new: a reader that waits gets it. */
  offer(): void {
    if (this.#state === "asked" && this.#give(this.#next())) this.#state = "idle";
  }

  /** The stream is over: it ends behind what the feed holds for this viewer. */
  end(): void {
    this.offer();
    if (this.#state === "asked") this.#controller.close();
    this.#state = "ending";
  }

  #pull(): void {
    if (this.#state === "ending") {
      if (!this.#give(this.#cursor.rest())) this.#controller.close();
    } else if (!this.#give(this.#next())) {
      this.#state = "asked";
    }
  }

  #next(): Uint8Array<ArrayBuffer> | undefined {
    const { jumps } = this.#cursor;
    const piece = this.#cursor.next();
    if (this.#cursor.jumps > jumps) this.#events.jumped();
    return piece;
  }

  #give(piece: Uint8Array<ArrayBuffer> | undefined): boolean {
    if (piece === undefined) return false;
    this.#controller.enqueue(piece);
    return true;
  }
}
