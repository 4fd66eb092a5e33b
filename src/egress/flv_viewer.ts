import { Cursor } from "../stream/cursor.ts";
import type { FeedAudience, FeedViewer } from "./feed_audience.ts";

/**
 * One viewer of one form of a stream: a stream of whole FLV tags that pulls from its cursor.
 *
 * It queues nothing. Whoever reads it asks for the next piece when the last one is sent; a viewer
 * that is slow asks seldom, gets larger pieces, and is jumped over by what it misses.
 */
export class FlvViewer implements FeedViewer {
  /** Its pieces are shared with other viewers and never change. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #cursor: Cursor;
  readonly #audience: FeedAudience;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  /** "asked": the reader waits for something that was not there. */
  #state: "idle" | "asked" | "ending" = "idle";

  /** Joins the audience; leaves it when its stream is cancelled. */
  constructor(audience: FeedAudience) {
    this.#cursor = new Cursor(audience.feed);
    this.#audience = audience;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => audience.remove(this),
    }, { highWaterMark: 0 });
    audience.add(this);
  }

  /** There may be something new: a reader that waits gets it. */
  offer(): void {
    if (this.#state === "asked" && this.#give(this.#next())) this.#state = "idle";
  }

  /** The stream is over: it ends behind what the feed holds for this viewer. */
  end(): void {
    this.offer();
    if (this.#state === "asked") this.#close();
    this.#state = "ending";
  }

  #pull(): void {
    if (this.#state === "ending") {
      if (!this.#give(this.#cursor.rest())) this.#close();
    } else if (!this.#give(this.#next())) {
      this.#state = "asked";
    }
  }

  #next(): Uint8Array<ArrayBuffer> | undefined {
    const { jumps } = this.#cursor;
    const piece = this.#cursor.next();
    if (this.#cursor.jumps > jumps) this.#audience.noteJump();
    return piece;
  }

  #close(): void {
    this.#controller.close();
    this.#audience.remove(this);
  }

  #give(piece: Uint8Array<ArrayBuffer> | undefined): boolean {
    if (piece === undefined) return false;
    this.#controller.enqueue(piece);
    return true;
  }
}
