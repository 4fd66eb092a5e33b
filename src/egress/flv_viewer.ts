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
  readonly #began: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #bytes = 0;
  #endReason: string | undefined;
  /** "asked": the reader waits for something that was not there. */
  #state: "idle" | "asked" | "ending" | "over" | "left" = "idle";

  /**
   * Joins the audience; leaves it when its stream is cancelled.
   *
   * @param began called once, when its reader is given the first piece
   */
  constructor(audience: FeedAudience, began: () => void = () => {}) {
    this.#began = began;
    this.#cursor = new Cursor(audience.feed);
    this.#audience = audience;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => {
        this.#state = "left";
        audience.remove(this);
      },
    }, { highWaterMark: 0 });
    audience.add(this);
  }

  /** Bytes that its reader has taken. */
  get bytes(): number {
    return this.#bytes;
  }

  get jumps(): number {
    return this.#cursor.jumps;
  }

  /** How far it is behind the stream; `undefined` before the beginning. */
  get lagMs(): number | undefined {
    return this.#cursor.lagMs;
  }

  /** Why its stream was closed; `undefined` if it was not: then who reads it has left. */
  get endReason(): string | undefined {
    return this.#state === "over" ? this.#endReason : undefined;
  }

  /** Ends it at once, whatever there is left for it. */
  stop(reason: string): void {
    this.#endReason = reason;
    if (this.#state !== "over" && this.#state !== "left") this.#close();
  }

  /** There may be something new: a reader that waits gets it. */
  offer(): void {
    if (this.#state === "asked" && this.#give(this.#next())) this.#state = "idle";
  }

  /** It ends behind what the feed holds for this viewer. */
  end(reason: string): void {
    this.#endReason = reason;
    this.offer();
    if (this.#state === "asked") this.#close();
    else if (this.#state === "idle") this.#state = "ending";
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
    this.#state = "over";
    this.#controller.close();
    this.#audience.remove(this);
  }

  #give(piece: Uint8Array<ArrayBuffer> | undefined): boolean {
    if (piece === undefined) return false;
    if (this.#bytes === 0) this.#began();
    this.#bytes += piece.length;
    this.#controller.enqueue(piece);
    return true;
  }
}
