/** A player without a program: an RTMP connection whose messages a test looks at. */
import { decodeAmf0 } from "../../src/amf/amf0.ts";
import { amfProperty, type AmfValue } from "../../src/amf/amf_value.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  SERVER_HANDSHAKE_LENGTH,
  ServerReplies,
  type ServerReply,
} from "./client.ts";
import { USER_CONTROL_EVENT } from "../../src/rtmp/message/user_control.ts";
import { until } from "../waiting.ts";

/** Audio or video that a player got. */
export interface ReceivedMedia {
  readonly kind: "audio" | "video";
  readonly streamId: number;
  readonly timestampMs: number;
  readonly payload: Uint8Array;
}

const EVENTS = ["begin", "EOF", "dry"];

export class RtmpPlayerClient implements Disposable {
  readonly messages = new ClientMessages();
  /** Statuses, data and stream events, in a word or two each. */
  readonly told: string[] = [];
  /** What statuses say in a sentence. */
  readonly sentences: string[] = [];
  readonly media: ReceivedMedia[] = [];
  /** Takes media instead, if it is set. */
  onMedia: ((media: ReceivedMedia) => void) | undefined;
  /** What it has thrown, if anything. */
  problem: unknown;
  isEnded = false;
  readonly #conn: Deno.TcpConn;
  readonly #replies = new ServerReplies();
  #handshakeLeft = SERVER_HANDSHAKE_LENGTH;
  #isReading = true;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    void this.#read();
  }

  /** Connects, and opens message streams 1 and 2. */
  static async connect(port: number, app = "live", tcUrl?: string): Promise<RtmpPlayerClient> {
    const client = new RtmpPlayerClient(await Deno.connect({ hostname: "127.0.0.1", port }));
    await client.#write(clientHello());
    await client.#write(clientAnswer());
    client.messages.connect(app, tcUrl).command(0, "createStream", 2, null)
      .command(0, "createStream", 3, null);
    await client.flush();
    return client;
  }

  /** Sends a command on a message stream. */
  async command(streamId: number, name: string, ...args: readonly AmfValue[]): Promise<void> {
    this.messages.command(streamId, name, 0, null, ...args);
    await this.flush();
  }

  async flush(): Promise<void> {
    await this.#write(this.messages.take());
  }

  /** Waits until this was told, perhaps again. */
  async hears(what: string, times = 1): Promise<void> {
    await until(
      `${what} is told`,
      () => this.told.filter((told) => told === what).length >= times,
    );
  }

  async ends(): Promise<void> {
    await until("the connection is ended", () => this.isEnded);
  }

  /** Takes nothing any more, as a player that hangs. */
  stopReading(): void {
    this.#isReading = false;
  }

  startReading(): void {
    this.#isReading = true;
    void this.#read();
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // It is closed already.
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      while (this.#isReading) {
        const length = await this.#conn.read(buffer);
        if (length === null) break;
        const handshake = Math.min(this.#handshakeLeft, length);
        this.#handshakeLeft -= handshake;
        const replies = this.#replies.read(buffer.slice(handshake, length));
        for (const reply of replies) this.#take(reply);
      }
      if (!this.#isReading) return;
    } catch (error) {
      // A connection that is cut off has ended all the same.
      if (!(error instanceof Deno.errors.ConnectionReset)) this.problem = error;
    }
    this.isEnded = true;
    this.close();
  }

  #take(reply: ServerReply): void {
    switch (reply.kind) {
      case "audio":
      case "video": {
        const { kind, streamId, timestampMs, payload } = reply;
        const media = { kind, streamId, timestampMs, payload };
        if (this.onMedia === undefined) this.media.push(media);
        else this.onMedia(media);
        return;
      }
      case "command": {
        const { name, args } = reply.command!;
        const code = amfProperty(args[1], "code");
        this.sentences.push(String(amfProperty(args[1], "description")));
        const what = typeof code === "string" ? code : name;
        return void this.told.push(reply.streamId === 0 ? what : `${what} on ${reply.streamId}`);
      }
      case "data":
        return void this.told.push(`${String(decodeAmf0(reply.payload)[0])} on ${reply.streamId}`);
      case "userControl": {
        const event = EVENTS[reply.eventType];
        if (reply.eventType === USER_CONTROL_EVENT.PING_REQUEST) this.told.push("ping");
        if (event !== undefined) this.told.push(`${event} on ${reply.data.at(-1)}`);
      }
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#conn.write(rest));
  }
}
