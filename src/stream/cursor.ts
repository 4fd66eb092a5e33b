import type { Feed } from "./feed.ts";

/**
 * A viewer's place in a feed: all that a viewer is to its stream.
 *
 * A cursor begins with the preamble, on a key frame. When the feed's tail overtakes it, it jumps to
 * the newest key frame, with the configurations before it, and counts the jump. What it returns is
 * shared with other viewers and never changes.
 *
 * @example
 * ```ts
 * import { Cursor } from "./cursor.ts";
 * import type { Feed } from "./feed.ts";
 *
 * function send(feed: Feed, cursor: Cursor, write: (bytes: Uint8Array) => void) {
 *   for (let piece = cursor.next(); piece !== undefined; piece = cursor.next()) write(piece);
 * }
 * ```
 */
export class Cursor {
  readonly #feed: Feed;
  #position: number | undefined;
  #jumps = 0;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** How often the feed's tail has overtaken this viewer. */
  get jumps(): number {
    return this.#jumps;
  }

  /** What to send next, whole tags; `undefined` if there is nothing now. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#position === undefined) return this.#start();
    if (this.#position < this.#feed.tail) {
      const configurations = this.#jump();
      if (configurations === undefined || configurations.length > 0) return configurations;
    }
    return this.rest();
  }

  /**
   * What to send next of a stream that is over, from the feed alone: neither does it begin nor jump,
   * for which the log would be needed.
   */
  rest(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#position === undefined || this.#position < this.#feed.tail) return undefined;
    const piece = this.#feed.read(this.#position);
    if (piece === undefined) return undefined;
    this.#position = piece.next;
    return piece.bytes;
  }

  #start(): Uint8Array<ArrayBuffer> | undefined {
    const position = this.#feed.startPosition();
    if (position === undefined) return undefined;
    const preamble = this.#feed.preamble();
    if (preamble !== undefined) this.#position = position;
    return preamble;
  }

  #jump(): Uint8Array<ArrayBuffer> | undefined {
    const position = this.#feed.startPosition();
    if (position === undefined) return undefined;
    const configurations = this.#feed.configurations(position);
    if (configurations === undefined) return undefined;
    this.#position = position;
    this.#jumps++;
    return configurations;
  }
}
