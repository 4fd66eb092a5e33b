import { assert } from "@std/assert";
import { ByteQueue } from "../../../src/bytes/byte_queue.ts";

export interface ResponseHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** A frame of a server: whole and unmasked. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A client that does what a test says, byte by byte if need be. */
export class HttpClient implements Disposable {
  readonly conn: Deno.TcpConn;
  readonly #queue = new ByteQueue();
  readonly #buffer = new Uint8Array(65536);
  /** So that a test which waits for what does not come fails. */
  readonly #deadline = setTimeout(() => this.conn.close(), 40_000);

  private constructor(conn: Deno.TcpConn) {
    this.conn = conn;
  }

  static async connect(port: number): Promise<HttpClient> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay();
    return new HttpClient(conn);
  }

  async send(what: string | Uint8Array<ArrayBuffer>): Promise<void> {
    let rest = typeof what === "string" ? encoder.encode(what) : what;
    while (rest.length > 0) rest = rest.subarray(await this.conn.write(rest));
  }

  /** The head of the next response, without what comes behind it. */
  async head(): Promise<ResponseHead> {
    const [statusLine, ...fields] = (await this.#line("\r\n\r\n")).split("\r\n");
    const match = /^HTTP\/1\.1 (\d{3}) [\w ]*$/.exec(statusLine!);
    if (match === null) throw new Error(`No status line: ${statusLine}`);
    const headers = fields.map((field) => field.split(": ", 2) as [string, string]);
    return { status: Number(match[1]), headers: new Map(headers) };
  }

  /** The next response with a body of known length. */
  async response(): Promise<ResponseHead & { readonly body: string }> {
    const head = await this.head();
    const length = Number(head.headers.get("content-length") ?? NaN);
    return { ...head, body: decoder.decode(await this.bytes(length)) };
  }

  /** The next chunk of a body; "" at its end. */
  async chunk(): Promise<string> {
    const length = parseInt(await this.#line("\r\n"), 16);
    const chunk = decoder.decode(await this.bytes(length));
    assert(await this.#line("\r\n") === "", "a chunk does not end where it should");
    return chunk;
  }

  async frame(): Promise<ServerFrame> {
    const [first, short] = await this.bytes(2) as unknown as [number, number];
    const lengthBytes = await this.bytes(short === 126 ? 2 : short === 127 ? 8 : 0);
    const length = lengthBytes.reduce((sum, byte) => sum * 256 + byte, short < 126 ? short : 0);
    assert((first & 0xf0) === 0x80, "frames are whole, with no reserved bit");
    return { opcode: first & 0x0f, payload: await this.bytes(length) };
  }

  async bytes(length: number): Promise<Uint8Array> {
    while (this.#queue.length < length) {
      if (!await this.#read()) throw new Error(`Ended ${length - this.#queue.length} bytes early`);
    }
    return this.#queue.take(length)!.slice();
  }

  /** All that comes until the server has nothing more to say. */
  async rest(): Promise<string> {
    while (await this.#read());
    return decoder.decode(this.#queue.take(this.#queue.length)!);
  }

  /** Resolves when the server has ended the connection, in whatever way. */
  async isEnded(): Promise<void> {
    try {
      while (await this.#read()) this.#queue.skip(this.#queue.length);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  }

  async #line(end: string): Promise<string> {
    const endBytes = encoder.encode(end);
    for (;;) {
      const held = this.#queue.peek(this.#queue.length)!;
      const at = decoder.decode(held.subarray(0, 65536)).indexOf(end);
      if (at >= 0) {
        const line = decoder.decode(this.#queue.take(at));
        this.#queue.skip(endBytes.length);
        return line;
      }
      if (!await this.#read()) throw new Error(`Ended within ${decoder.decode(held)}`);
    }
  }

  async #read(): Promise<boolean> {
    const length = await this.conn.read(this.#buffer);
    if (length === null) return false;
    this.#queue.push(this.#buffer.subarray(0, length));
    return true;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#deadline);
    try {
      this.conn.close();
    } catch {
      // A test has closed it.
    }
  }
}
