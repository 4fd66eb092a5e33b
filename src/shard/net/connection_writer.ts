import type { PeerConn } from "./connection_listener.ts";

/**
 * Writes to a connection, one thing at a time, and knows how long the peer has taken nothing.
 *
 * What is given to it must not change until it is written.
 */
export class ConnectionWriter {
  readonly #conn: Pick<PeerConn, "write">;
  readonly #sent: (bytes: number) => void;
  readonly #waiting: (() => void)[] = [];
  #isWriting = false;
  #piece: Uint8Array<ArrayBuffer> | undefined;
  #pieceSinceMs = 0;
  #stuckSinceMs: number | undefined;

  /** @param sent told of the bytes that the kernel has taken */
  constructor(conn: Pick<PeerConn, "write">, sent: (bytes: number) => void = () => {}) {
    this.#conn = conn;
    this.#sent = sent;
  }

  /** What is being written. */
  get piece(): Uint8Array<ArrayBuffer> | undefined {
    return this.#piece;
  }

  get pieceSinceMs(): number {
    return this.#pieceSinceMs;
  }

  /** Since when the peer has taken nothing of what is being written. */
  get stuckSinceMs(): number | undefined {
    return this.#stuckSinceMs;
  }

  /**
   * Resolves when the kernel has all of `bytes`; rejects if the connection is lost. What others
   * are writing is waited for.
   */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    while (this.#isWriting) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isWriting = true;
    this.#piece = bytes;
    this.#stuckSinceMs = this.#pieceSinceMs = performance.now();
    try {
      for (let rest = bytes; rest.length > 0;) {
        const length = await this.#conn.write(rest);
        this.#sent(length);
        rest = rest.subarray(length);
        if (rest.length > 0) this.#stuckSinceMs = performance.now();
      }
    } finally {
      this.#isWriting = false;
      this.#piece = undefined;
      this.#stuckSinceMs = undefined;
      this.#waiting.shift()?.();
    }
  }
}
