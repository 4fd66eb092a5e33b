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
  readonly #ahead: Uint8Array[] = [];
  /** A read ahead that is going on; it never rejects. */
  #reading: Promise<void> | undefined;
  /** How the input has ended, once it has. */
  #end: { readonly error: unknown } | "closed" | undefined;

  constructor(conn: Pick<PeerConn, "read">) {
    this.#conn = conn;
  }

  /** Whether the peer has sent its last, or is lost. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** As `read` of a connection does it. */
  async read(buffer: Uint8Array): Promise<number | null> {
    // What is there already must not wait for what is being read: the peer may wait for an answer to it.
    if (this.#ahead.length === 0) await this.#reading;
    const piece = this.#ahead[0];
    if (piece !== undefined) {
      const part = piece.subarray(0, buffer.length);
      buffer.set(part);
      if (part.length < piece.length) this.#ahead[0] = piece.subarray(part.length);
      else this.#ahead.shift();
      return part.length;
    }
    if (this.#end === undefined) return await this.#conn.read(buffer);
    if (this.#end === "closed") return null;
    throw this.#end.error;
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
    while (!isDone() && !this.isOver && this.#aheadLength < MAX_AHEAD) {
      this.#reading ??= this.#readOnce();
      await this.#reading;
    }
  }

  get #aheadLength(): number {
    return this.#ahead.reduce((sum, { length }) => sum + length, 0);
  }

  async #readOnce(): Promise<void> {
    const piece = new Uint8Array(PIECE_SIZE);
    try {
      const length = await this.#conn.read(piece);
      if (length === null) this.#end = "closed";
      else this.#ahead.push(piece.subarray(0, length));
    } catch (error) {
      this.#end = { error };
    } finally {
      this.#reading = undefined;
    }
  }
}
