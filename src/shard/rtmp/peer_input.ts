import type { PeerConn } from "../net/connection_listener.ts";

/** What a peer may send ahead while it is decided on: then it is read no further. */
const MAX_AHEAD = 16 * 1024;

const PIECE_SIZE = 4096;

/**
 * What a peer sends, for whoever reads it; and read ahead while nobody can take it, so that it is
 * noticed when the peer goes.
 */
export class PeerInput {
  readonly #conn: Pick<PeerConn, "read">;
  /** One piece of memory, however small the pieces are that come. */
  #ahead: Uint8Array | undefined;
  /** What of it was read, and not taken yet. */
  #begin = 0;
  #end = 0;
  /** A read ahead that is going on; it never rejects. */
  #reading: Promise<void> | undefined;
  /** How the input has ended, once it has. */
  #over: { readonly error: unknown } | "closed" | undefined;

  constructor(conn: Pick<PeerConn, "read">) {
    this.#conn = conn;
  }

  /** Whether the peer has sent its last, or is lost. */
  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** As `read` of a connection does it. */
  async read(buffer: Uint8Array): Promise<number | null> {
    // What is there already must not wait for what is being read: the peer may wait for an answer to it.
    if (this.#begin === this.#end) await this.#reading;
    if (this.#begin < this.#end) return this.#take(buffer);
    if (this.#over === undefined) return await this.#conn.read(buffer);
    if (this.#over === "closed") return null;
    throw this.#over.error;
  }

  /** Waits for something, or until the peer has gone: {@linkcode isOver} tells. */
  async during(work: Promise<void>): Promise<void> {
    let isDone = false;
    const done = work.finally(() => isDone = true);
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    void this.#readAhead(() => isDone).then(() => this.isOver && resolve());
    await Promise.race([done, gone]);
  }

  async #readAhead(isDone: () => boolean): Promise<void> {
    while (!isDone() && !this.isOver && this.#end < MAX_AHEAD) {
      this.#reading ??= this.#readOnce();
      await this.#reading;
    }
  }

  #keep(piece: Uint8Array): void {
    this.#ahead ??= new Uint8Array(MAX_AHEAD);
    this.#ahead.set(piece, this.#end);
    this.#end += piece.length;
  }

  #take(buffer: Uint8Array): number {
    const length = Math.min(buffer.length, this.#end - this.#begin);
    buffer.set(this.#ahead!.subarray(this.#begin, this.#begin + length));
    this.#begin += length;
    if (this.#begin === this.#end) {
      this.#begin = this.#end = 0;
      this.#ahead = undefined;
    }
    return length;
  }

  async #readOnce(): Promise<void> {
    const piece = new Uint8Array(Math.min(PIECE_SIZE, MAX_AHEAD - this.#end));
    try {
      const length = await this.#conn.read(piece);
      if (length === null) this.#over = "closed";
      else this.#keep(piece.subarray(0, length));
    } catch (error) {
      this.#over = { error };
    } finally {
      this.#reading = undefined;
    }
  }
}
