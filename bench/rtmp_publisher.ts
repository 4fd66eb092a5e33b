import { encodeAmf0 } from "../src/amf/amf0.ts";
import type { AmfValue } from "../src/amf/amf_value.ts";
import { ByteWriter } from "../src/bytes/byte_writer.ts";
import { ChunkWriter } from "../src/rtmp/chunk_writer.ts";
import { MESSAGE_TYPE, toRawMessage } from "../src/rtmp/message.ts";
import { CHUNK_SIZE, type RtmpLoop, STREAM_ID } from "./rtmp_loop.ts";

const HANDSHAKE_PACKET_SIZE = 1536;
const COMMAND_CHUNK_STREAM = 3;
const READ_BUFFER_SIZE = 4096;

const latin1 = new TextDecoder("latin1");

/** One connection that publishes an {@linkcode RtmpLoop} in real time, as far as it is driven. */
export class RtmpPublisher {
  /** Why it can publish no more. */
  failure: string | undefined;
  bytesSent = 0;
  /** Ticks at which the server had not taken what was sent before. */
  stalls = 0;

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
    await shakeHands(connection);
    await writeAll(connection, publishCommands(port, name));
    await untilAccepted(connection);
    return new RtmpPublisher(connection, loop, at, nowMs());
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

/** The simple handshake (RTMP 5.2), with zeros where anything goes. */
async function shakeHands(connection: Deno.TcpConn): Promise<void> {
  const c0c1 = new Uint8Array(1 + HANDSHAKE_PACKET_SIZE);
  c0c1[0] = 3;
  await writeAll(connection, c0c1);
  const s0s1s2 = new Uint8Array(1 + 2 * HANDSHAKE_PACKET_SIZE);
  for (let at = 0; at < s0s1s2.length;) {
    const size = await connection.read(s0s1s2.subarray(at));
    if (size === null) throw new Error("Cannot publish: the server ended the handshake");
    at += size;
  }
  await writeAll(connection, s0s1s2.subarray(1, 1 + HANDSHAKE_PACKET_SIZE));
}

/** All at once, without waiting for the answers: their order is known. */
function publishCommands(port: number, name: string): Uint8Array {
  const out = new ByteWriter();
  const chunks = new ChunkWriter();
  chunks.write(toRawMessage({ kind: "setChunkSize", size: CHUNK_SIZE }), out);
  chunks.setChunkSize(CHUNK_SIZE);
  const command = (streamId: number, ...values: AmfValue[]) => {
    const payload = encodeAmf0(...values);
    const message = { typeId: MESSAGE_TYPE.COMMAND_AMF0, streamId, timestampMs: 0, payload };
    chunks.write({ chunkStreamId: COMMAND_CHUNK_STREAM, ...message }, out);
  };
  const properties = new Map<string, AmfValue>([
    ["app", "live"],
    ["type", "nonprivate"],
    ["flashVer", "FMLE/3.0 (compatible; bench)"],
    ["tcUrl", `rtmp://127.0.0.1:${port}/live`],
  ]);
  command(0, "connect", 1, { kind: "object", properties });
  command(0, "createStream", 2, null);
  command(STREAM_ID, "publish", 3, null, name, "live");
  return out.take();
}

async function untilAccepted(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(READ_BUFFER_SIZE);
  let received = "";
  while (!received.includes("NetStream.Publish.Start")) {
    const size = await connection.read(buffer);
    if (size === null) throw new Error("Cannot publish: the server ended the connection");
    received += latin1.decode(buffer.subarray(0, size));
    if (received.includes("_error") || received.length > 64 * READ_BUFFER_SIZE) {
      throw new Error(`Cannot publish: the server answered ${JSON.stringify(received)}`);
    }
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
