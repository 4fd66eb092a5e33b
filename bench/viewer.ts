import { concat } from "@std/bytes/concat";
import { clientHello, ClientMessages } from "../testing/rtmp/client.ts";
import {
  BodyError,
  type ByteSink,
  ChunkedDecoder,
  HeadReader,
  WebSocketDecoder,
} from "./body_decoder.ts";
import { FlvCheck } from "./flv_check.ts";
import type { MediaCheck } from "./media_check.ts";
import { RtmpCheck } from "./rtmp_check.ts";

/** How a viewer takes its stream: FLV over HTTP or WebSocket, or RTMP. */
export type Transport = "http" | "ws" | "rtmp";

/** Where a viewer connects to, always on loopback. */
export interface ViewerAddress {
  readonly transport: Transport;
  readonly port: number;
  /** For example `/live/bench.flv`, or `/live/bench` for RTMP. */
  readonly path: string;
}

/** Asks for a stream by the bytes that it sends, and checks what comes back. */
interface Dialogue {
  readonly check: MediaCheck;
  /** Sent at once. */
  readonly request: Uint8Array;
  /** Takes bytes; returns what is to be sent for them, if anything. */
  take(bytes: Uint8Array): Uint8Array | undefined;
}

const READ_BUFFER_SIZE = 64 * 1024;
/** An empty pong, masked with zeros as RFC 6455 5.3 lets a client that hides nothing do. */
const PONG = Uint8Array.of(0x8a, 0x80, 0, 0, 0, 0);

const utf8 = new TextEncoder();

/** One connection that asks for a stream and checks what it gets, on a bare TCP socket. */
export class Viewer {
  /** Why the connection ended, unless {@linkcode close} ended it. */
  failure: string | undefined;

  readonly #port: number;
  readonly #dialogue: Dialogue;
  readonly #buffer = new Uint8Array(READ_BUFFER_SIZE);
  #connection: Deno.TcpConn | undefined;
  #closed = false;

  constructor(address: ViewerAddress) {
    this.#port = address.port;
    this.#dialogue = address.transport === "rtmp"
      ? new RtmpDialogue(address)
      : new HttpDialogue(address);
  }

  get check(): MediaCheck {
    return this.#dialogue.check;
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
        this.#send(this.#dialogue.take(this.#buffer.subarray(0, size)));
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
    this.#connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    if (this.#closed) return this.#connection.close();
    await this.#connection.write(this.#dialogue.request);
  }

  #send(bytes: Uint8Array | undefined): void {
    // A connection that cannot be written to ends the next read, which reports it.
    if (bytes !== undefined) this.#connection!.write(bytes).catch(() => {});
  }
}

/** FLV over HTTP, or over WebSocket. */
class HttpDialogue implements Dialogue {
  readonly check = new FlvCheck();
  readonly request: Uint8Array;
  readonly #isWebSocket: boolean;
  readonly #head = new HeadReader();
  #body: ByteSink | undefined;
  #hasPing = false;

  constructor(address: ViewerAddress) {
    this.#isWebSocket = address.transport === "ws";
    this.request = utf8.encode(requestText(address));
  }

  take(bytes: Uint8Array): Uint8Array | undefined {
    if (this.#body !== undefined) this.#body.consume(bytes, 0, bytes.length);
    else this.#takeHead(bytes);
    if (!this.#hasPing) return undefined;
    this.#hasPing = false;
    return PONG;
  }

  #takeHead(bytes: Uint8Array): void {
    const read = this.#head.push(bytes);
    if (read === undefined) return;
    this.#body = this.#bodyDecoder(read.head);
    this.#body.consume(bytes, read.bodyAt, bytes.length);
  }

  #bodyDecoder(head: string): ByteSink {
    const wantedStatus = this.#isWebSocket ? " 101 " : " 200 ";
    if (!head.split("\r\n", 1)[0]!.includes(wantedStatus)) {
      throw new BodyError(`Cannot watch: status must be${wantedStatus}, got ${head.slice(0, 40)}`);
    }
    if (this.#isWebSocket) return new WebSocketDecoder(this.check, () => this.#hasPing = true);
    return /^transfer-encoding: *chunked$/im.test(head)
      ? new ChunkedDecoder(this.check)
      : this.check;
  }
}

/** RTMP: plays from the connection's beginning on; acknowledges nothing, as some players do. */
class RtmpDialogue implements Dialogue {
  readonly check = new RtmpCheck();
  readonly request = clientHello();
  readonly #commands: Uint8Array;
  #isAnswered = false;

  constructor({ port, path }: ViewerAddress) {
    const [, app = "", name = ""] = path.split("/");
    this.#commands = new ClientMessages().connect(app, `rtmp://127.0.0.1:${port}/${app}`)
      .command(0, "createStream", 2, null)
      .command(1, "play", 3, null, name)
      .take();
  }

  take(bytes: Uint8Array): Uint8Array | undefined {
    this.check.consume(bytes, 0, bytes.length);
    if (this.#isAnswered || !this.check.hasHandshake) return undefined;
    this.#isAnswered = true;
    // C2, which servers do not look at, and what needs no answer to be sent.
    return concat([this.request.subarray(1), this.#commands]);
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
