/**
 * A first-in, first-out store of bytes that arrive in pieces.
 *
 * Keeps one buffer and moves what is left to its front only when a piece would not fit behind it,
 * so that pushing and consuming cost one copy of each byte. Views from {@linkcode peek} and
 * {@linkcode take} borrow: they hold until the next {@linkcode push}. What the queue may hold is
 * for its owner to bound, by not pushing more than it consumes.
 *
 * @example
 * ```ts
 * import { ByteQueue } from "./byte_queue.ts";
 *
 * const queue = new ByteQueue();
 * queue.push(Uint8Array.of(1, 2));
 * queue.peek(3); // undefined: needs more
 * queue.push(Uint8Array.of(3));
 * queue.take(3); // Uint8Array [1, 2, 3]
 * ```
 */
export class ByteQueue {
  #buffer: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;

  constructor(initialCapacity = 4096) {
    this.#buffer = new Uint8Array(initialCapacity);
  }

  /** Bytes in the queue. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Copies `piece` to the end of the queue. */
  push(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#buffer.length) this.#makeRoom(piece.length);
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** The first `length` bytes, which stay in the queue; `undefined` if it holds fewer. */
  peek(length: number): Uint8Array | undefined {
    if (length > this.length) return undefined;
    return this.#buffer.subarray(this.#start, this.#start + length);
  }

  /** The first `length` bytes, which leave the queue; `undefined` if it holds fewer. */
  take(length: number): Uint8Array | undefined {
    const view = this.peek(length);
    if (view !== undefined) this.skip(length);
    return view;
  }

  /** Drops the first `length` bytes, or all if it holds fewer. */
  skip(length: number): void {
    this.#start = Math.min(this.#start + length, this.#end);
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  #makeRoom(length: number): void {
    const held = this.length;
    const needed = held + length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = grown;
    } else {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = held;
  }
}
