import {
  BodyError,
  type ByteSink,
  ChunkedDecoder,
  HeadReader,
  WebSocketDecoder,
} from "./body_decoder.ts";
import { FlvCheck } from "./flv_check.ts";

/** How a viewer takes its FLV. */
export type Transport = "http" | "ws";

/** Where a viewer connects to, always on loopback. */
export interface ViewerAddress {
  readonly transport: Transport;
  readonly port: number;
  /** For example `/live/bench.flv`. */
  readonly path: string;
}

const READ_BUFFER_SIZE = 64 * 1024;
/** An empty pong, masked with zeros as RFC 6455 5.3 lets a client that hides nothing do. */
const PONG = Uint8Array.of(0x8a, 0x80, 0, 0, 0, 0);

const utf8 = new TextEncoder();

/** One connection that asks for a stream and checks what it gets, on a bare TCP socket. */
export class Viewer {
  readonly check = new FlvCheck();
  /** Why the connection ended, unless {@linkcode close} ended it. */
  failure: string | undefined;

  readonly #address: ViewerAddress;
  readonly #buffer = new Uint8Array(READ_BUFFER_SIZE);
  readonly #head = new HeadReader();
  #connection: Deno.TcpConn | undefined;
  #body: ByteSink | undefined;
  #closed = false;

  constructor(address: ViewerAddress) {
    this.#address = address;
  }

  /**
   * Reads until the connection ends; never rejects.
   *
   * @param pause called after each read, told whether that emptied the socket; reading goes on
   * when it is done, or ends with `false`
   */
  async run(pause: (emptied: boolean) => Promise<boolean> | boolean): Promise<void> {
    try {
      await this.#connect();
      for (;;) {
        const size = await this.#connection!.read(this.#buffer);
        if (size === null) break;
        this.#push(size);
        const goesOn = pause(size < this.#buffer.length);
        // Awaiting only what is a promise saves a turn of the event loop per read.
        if (!(goesOn === true || await goesOn)) return;
      }
      if (!this.#closed) this.failure = "the server ended the connection";
    } catch (error) {
      if (!this.#closed) this.failure = String(error);
    } finally {
      this.close();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection?.close();
  }

  async #connect(): Promise<void> {
    this.#connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#address.port });
    if (this.#closed) return this.#connection.close();
    await this.#connection.write(utf8.encode(requestText(this.#address)));
  }

  #push(size: number): void {
    if (this.#body !== undefined) this.#body.consume(this.#buffer, 0, size);
    else this.#pushHead(this.#buffer.subarray(0, size));
  }

  #sendPong(): void {
    // A connection that cannot be written to ends the next read, which reports it.
    this.#connection!.write(PONG).catch(() => {});
  }

  #pushHead(bytes: Uint8Array): void {
    const read = this.#head.push(bytes);
    if (read === undefined) return;
    this.#body = this.#bodyDecoder(read.head);
    this.#body.consume(bytes, read.bodyAt, bytes.length);
  }

  #bodyDecoder(head: string): ByteSink {
    const wantedStatus = this.#address.transport === "ws" ? " 101 " : " 200 ";
    if (!head.split("\r\n", 1)[0]!.includes(wantedStatus)) {
      throw new BodyError(`Cannot watch: status must be${wantedStatus}, got ${head.slice(0, 40)}`);
    }
    if (this.#address.transport === "ws") {
      return new WebSocketDecoder(this.check, () => this.#sendPong());
    }
    return /^transfer-encoding: *chunked$/im.test(head)
      ? new ChunkedDecoder(this.check)
      : this.check;
  }
}

function requestText({ transport, port, path }: ViewerAddress): string {
  const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, "User-Agent: bench"];
  if (transport === "ws") {
    lines.push("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13");
    lines.push("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==");
  }
  return lines.join("\r\n") + "\r\n\r\n";
}
