import { Duplex } from "node:stream";
import type { PeerConn } from "./connection_listener.ts";

/** One read takes a whole record of TLS with what is around it, or many small ones. */
const READ_BUFFER_SIZE = 17 * 1024;

/** A connection's encrypted bytes, as the stream that node's TLS engine works on. */
export class TlsTransport extends Duplex {
  readonly #conn: PeerConn;
  #firstBytes: Uint8Array<ArrayBuffer> | undefined;

  /** @param firstBytes what was read of the connection before; it is kept */
  constructor(conn: PeerConn, firstBytes: Uint8Array<ArrayBuffer>) {
    super({ readableHighWaterMark: READ_BUFFER_SIZE, writableHighWaterMark: 64 * 1024 });
    this.#conn = conn;
    this.#firstBytes = firstBytes;
    // Whoever uses the engine hears of it there.
    this.on("error", () => {});
  }

  override _read(): void {
    const firstBytes = this.#firstBytes;
    if (firstBytes !== undefined) {
      this.#firstBytes = undefined;
      // Deno's engine starts a tick after it was made, and throws where nobody can catch it if it then
      // finds bytes that are no TLS.
      setTimeout(() => this.push(firstBytes));
      return;
    }
    this.#readOnce().then((piece) => this.push(piece), (error) => this.destroy(error));
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
