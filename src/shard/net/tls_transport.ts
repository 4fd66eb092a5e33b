import { Duplex } from "node:stream";
import type { PeerConn } from "./connection_listener.ts";

/** One read takes a whole record of TLS with what is around it, or many small ones. */
const READ_BUFFER_SIZE = 17 * 1024;

/**
 * A connection's encrypted bytes, as the stream that node's TLS engine works on.
 *
 * The engine asks for more as fast as it can, whether anybody takes what it has decrypted or not: it
 * would hold all that a peer sends. So it gets only what is wanted.
 */
export class TlsTransport extends Duplex {
  readonly #conn: PeerConn;
  #firstBytes: Uint8Array<ArrayBuffer> | undefined;
  /** At first all is wanted that the handshake is made of. */
  #isWanted = true;
  /** Whether the engine has asked, and was not answered yet. */
  #isAsked = false;
  #isReading = false;

  /** @param firstBytes what was read of the connection before; it is kept */
  constructor(conn: PeerConn, firstBytes: Uint8Array<ArrayBuffer>) {
    super({ readableHighWaterMark: READ_BUFFER_SIZE, writableHighWaterMark: 64 * 1024 });
    this.#conn = conn;
    this.#firstBytes = firstBytes;
    // Whoever uses the engine hears of it there.
    this.on("error", () => {});
  }

  /** Lets the engine have what the peer sends, until {@linkcode hold}. */
  want(): void {
    this.#isWanted = true;
    this.#give();
  }

  /** Lets the engine have no more than what is being read already. */
  hold(): void {
    this.#isWanted = false;
  }

  override _read(): void {
    this.#isAsked = true;
    this.#give();
  }

  override _write(
    chunk: Uint8Array<ArrayBuffer>,
    _encoding: string,
    done: (error?: Error) => void,
  ): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#conn.closeWrite().then(() => done(), done);
  }

  #give(): void {
    if (!this.#isWanted || !this.#isAsked || this.#isReading) return;
    this.#isReading = true;
    this.#nextPiece().then((piece) => {
      this.#isReading = false;
      this.#isAsked = false;
      // The engine asks again by this, or later.
      this.push(piece);
    }, (error) => this.destroy(error));
  }

  async #nextPiece(): Promise<Uint8Array | null> {
    const firstBytes = this.#firstBytes;
    if (firstBytes === undefined) return await this.#readOnce();
    this.#firstBytes = undefined;
    // Deno's engine starts a tick after it was made, and throws where nobody can catch it if it then
    // finds bytes that are no TLS.
    await new Promise((resolve) => setTimeout(resolve));
    return firstBytes;
  }

  /** Rejects as `Deno.Conn.read` does; `null` at the end. */
  async #readOnce(): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(READ_BUFFER_SIZE);
    const length = await this.#conn.read(buffer);
    return length === null ? null : buffer.subarray(0, length);
  }

  async #writeAll(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#conn.write(rest));
  }
}
