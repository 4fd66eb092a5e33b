import { assertEquals } from "@std/assert";
import { FlvChecker } from "./flv_checker.ts";
import { HttpResponseReader, WebSocketMessages } from "./http_body.ts";

export type Transport = "http" | "ws";

export interface RawViewerOptions {
  readonly httpPort: number;
  /** "live/name" */
  readonly path: string;
  readonly transport: Transport;
}

const UPGRADE_HEADERS = "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/**
 * A viewer on a bare socket, which reads when the test says so and checks all that it gets. Unlike
 * `fetch` and `WebSocket` it takes nothing from the kernel that it was not asked to.
 */
export class RawViewer implements AsyncDisposable {
  readonly checker = new FlvChecker();
  readonly #conn: Deno.TcpConn;
  readonly #response: HttpResponseReader;
  readonly #webSocket: WebSocketMessages | undefined;
  readonly #buffer = new Uint8Array(64 * 1024);
  #isClosed = false;
  #isPaused = false;
  #running: Promise<void> | undefined;
  /** When the newest bytes came, and the longest time between two arrivals while running. */
  #arrivedMs = 0;
  longestSilenceMs = 0;
  /** How the response ended, if it did. */
  end: "finished" | "cut off" | undefined;
  error: unknown;

  private constructor(conn: Deno.TcpConn, transport: Transport) {
    this.#conn = conn;
    const onBytes = (bytes: Uint8Array) => this.checker.push(bytes);
    this.#webSocket = transport === "ws"
      ? new WebSocketMessages(onBytes, () => assertEquals(this.checker.pending, 0))
      : undefined;
    this.#response = new HttpResponseReader((bytes) => {
      if (this.#webSocket === undefined) onBytes(bytes);
      else this.#webSocket.push(bytes);
    });
  }

  /** Sends the request; nothing is read yet. */
  static async open({ httpPort, path, transport }: RawViewerOptions): Promise<RawViewer> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: httpPort });
    const upgrade = transport === "ws" ? UPGRADE_HEADERS : "";
    const request = `GET /${path}.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}\r\n`;
    await conn.write(new TextEncoder().encode(request));
    return new RawViewer(conn, transport);
  }

  get status(): number {
    return this.#response.status;
  }

  /** Status line and headers of the response, in lower case, once they are read. */
  get head(): string {
    return this.#response.head;
  }

  get closeCode(): number | undefined {
    return this.#webSocket?.closeCode;
  }

  /** Reads at most `maxBytes` once and checks them; false at the end. */
  async read(maxBytes = this.#buffer.length): Promise<boolean> {
    try {
      const length = await this.#conn.read(this.#buffer.subarray(0, maxBytes));
      if (length === null) {
        this.end ??= "cut off";
        return false;
      }
      this.#noteArrival();
      this.#response.push(this.#buffer.subarray(0, length));
      if (this.#response.ended || this.closeCode !== undefined) this.end ??= "finished";
      return true;
    } catch (error) {
      if (this.#isClosed) return false;
      if (!isLost(error)) throw error;
      this.end ??= "cut off";
      return false;
    }
  }

  /** Reads on and on, until it is paused or at the end. */
  run(): this {
    this.#isPaused = false;
    this.#arrivedMs = 0;
    this.#running ??= this.#readOn();
    return this;
  }

  /** Reads no more, after what is being read. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#isPaused = true;
    this.#conn.close();
    await this.#running;
  }

  /** Rethrows what was wrong with what it got. */
  check(): void {
    if (this.error !== undefined) throw this.error;
  }

  async #readOn(): Promise<void> {
    try {
      while (!this.#isPaused && await this.read());
    } catch (error) {
      this.error = error;
    }
    this.#running = undefined;
  }

  #noteArrival(): void {
    const nowMs = performance.now();
    if (this.#arrivedMs > 0) {
      this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#arrivedMs);
    }
    this.#arrivedMs = nowMs;
  }
}

function isLost(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted;
}
