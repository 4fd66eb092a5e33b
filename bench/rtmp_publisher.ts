import { clientHello, ClientMessages, SERVER_HANDSHAKE_LENGTH } from "../testing/rtmp/client.ts";
import { CHUNK_SIZE, type RtmpLoop, STREAM_ID } from "./rtmp_loop.ts";

const READ_BUFFER_SIZE = 4096;
/** A server that has not accepted by then never will: the connection is closed, which throws. */
const ACCEPT_TIMEOUT_MS = 5000;

const latin1 = new TextDecoder("latin1");

/** One connection that publishes an {@linkcode RtmpLoop} in real time, as far as it is driven. */
export class RtmpPublisher {
  /** Why it can publish no more. */
  failure: string | undefined;
  bytesSent = 0;
  /** Ticks at which the server had not taken what was sent before. */
  stalls = 0;
  /** Nobody asks by RTMP. */
  readonly keyFramesAsked = 0;

  readonly #connection: Deno.TcpConn;
  readonly #loop: RtmpLoop;
  /** Messages sent, counted from the loop's begin, over all turns. */
  #next: number;
  readonly #originMs: number;
  #busy = true;

  private constructor(connection: Deno.TcpConn, loop: RtmpLoop, at: number, nowMs: number) {
    this.#connection = connection;
    this.#loop = loop;
    this.#next = at;
    this.#originMs = nowMs - loop.messages[at]!.timestampMs;
    void this.#send(loop.opening(at));
    void this.#discardReplies();
  }

  /**
   * Connects, and publishes `name` in `live`, from message `at` of the loop on.
   *
   * @throws {Error} when the server does not accept
   */
  static async start(port: number, name: string, loop: RtmpLoop, at: number, nowMs: () => number) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const timer = setTimeout(() => connection.close(), ACCEPT_TIMEOUT_MS);
    await shakeHands(connection);
    await writeAll(connection, publishCommands(port, name));
    await untilAccepted(connection);
    clearTimeout(timer);
    return new RtmpPublisher(connection, loop, at, nowMs());
  }

  /** Leaves. */
  close(): void {
    this.failure ??= "it has left";
    this.#connection.close();
  }

  /** Sends what is due at `nowMs`. */
  tick(nowMs: number): void {
    const { messages, durationMs, bytes } = this.#loop;
    const first = this.#next % messages.length;
    const turnMs = this.#originMs + Math.floor(this.#next / messages.length) * durationMs;
    let end = first;
    while (end < messages.length && turnMs + messages[end]!.timestampMs <= nowMs) end++;
    if (end === first) return;
    if (this.#busy) {
      this.stalls++;
      return;
    }
    this.#next += end - first;
    void this.#send(bytes.subarray(messages[first]!.start, messages[end - 1]!.end));
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#busy = true;
    try {
      await writeAll(this.#connection, bytes);
      this.bytesSent += bytes.length;
    } catch (error) {
      this.failure ??= String(error);
    }
    this.#busy = this.failure !== undefined;
  }

  async #discardReplies(): Promise<void> {
    const buffer = new Uint8Array(READ_BUFFER_SIZE);
    try {
      while (await this.#connection.read(buffer) !== null);
      this.failure ??= "the server ended the connection";
    } catch (error) {
      this.failure ??= String(error);
    }
  }
}

/** The simple handshake, with S1 sent back as C2 (RTMP 5.2.4). */
async function shakeHands(connection: Deno.TcpConn): Promise<void> {
  const hello = clientHello();
  await writeAll(connection, hello);
  const answer = new Uint8Array(SERVER_HANDSHAKE_LENGTH);
  for (let at = 0; at < answer.length;) {
    const size = await connection.read(answer.subarray(at));
    if (size === null) throw new Error("Cannot publish: the server ended the handshake");
    at += size;
  }
  await writeAll(connection, answer.subarray(1, hello.length));
}

/** All at once, without waiting for the answers: their order is known. */
function publishCommands(port: number, name: string): Uint8Array {
  return new ClientMessages().chunkSize(CHUNK_SIZE)
    .connect("live", `rtmp://127.0.0.1:${port}/live`)
    .publish(name, STREAM_ID)
    .take();
}

async function untilAccepted(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(READ_BUFFER_SIZE);
  let received = "";
  while (!received.includes("NetStream.Publish.Start")) {
    const size = await connection.read(buffer);
    if (size === null) throw new Error("Cannot publish: the server ended the connection");
    received += latin1.decode(buffer.subarray(0, size));
    if (received.includes("NetStream.Publish.Bad") || received.length > 64 * READ_BUFFER_SIZE) {
      throw new Error(`Cannot publish: the server answered ${JSON.stringify(received)}`);
    }
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
