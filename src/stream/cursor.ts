import type { Feed, FeedStart } from "./feed.ts";
import { distance } from "./log_layout.ts";

/**
 * A viewer's place in a feed: all that a viewer is to its stream.
 *
 * A cursor begins with the preamble, on a key frame; that of a viewer that comes from another feed of
 * the same log begins where it stands there, with the configurations alone. When the feed's tail overtakes it, it jumps to
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
  readonly #from: FeedStart | undefined;
  #position: number | undefined;
  /** Sequence number of what it began with, or jumped to. */
  #begunAt = 0;
  #jumps = 0;

  /** @param from where the viewer stands, if it has got something of the stream already */
  constructor(feed: Feed, from?: FeedStart) {
    this.#feed = feed;
    this.#from = from;
  }

  /** Whether anything was returned, or may have been but for want of configurations. */
  get hasBegun(): boolean {
    return this.#position !== undefined;
  }

  /** Where a viewer stands that goes on elsewhere; `undefined` if it has got nothing yet. */
  get place(): FeedStart | undefined {
    if (this.#position === undefined) return this.#from;
    const { tail } = this.#feed;
    const isInStep = this.#position >= tail;
    const sequence = this.#feed.sequenceBefore(isInStep ? this.#position : tail);
    const hasRead = distance(this.#begunAt, sequence) > 0;
    return { sequence: hasRead ? sequence : this.#begunAt, isInStep };
  }

  /** How often the feed's tail has overtaken this viewer. */
  get jumps(): number {
    return this.#jumps;
  }

  /** What to send next, whole tags; `undefined` if there is nothing now. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#position === undefined || this.#position < this.#feed.tail) {
      const beginning = this.#position === undefined ? this.#start() : this.#jump();
      if (beginning === undefined || beginning.length > 0) return beginning;
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
    const position = this.#feed.startPosition(this.#from);
    if (position === undefined) return undefined;
    const bytes = this.#from === undefined
      ? this.#feed.preamble()
      : this.#feed.configurations(position);
    if (bytes !== undefined) this.#goTo(position);
    return bytes;
  }

  #jump(): Uint8Array<ArrayBuffer> | undefined {
    const position = this.#feed.startPosition();
    if (position === undefined) return undefined;
    const configurations = this.#feed.configurations(position);
    if (configurations === undefined) return undefined;
    this.#goTo(position);
    this.#jumps++;
    return configurations;
  }

  #goTo(position: number): void {
    this.#position = position;
    this.#begunAt = this.#feed.sequenceAt(position);
  }
}
