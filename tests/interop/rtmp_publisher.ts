/** A publisher without a program: sends the tags of a recording over an RTMP connection. */
import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import {
  ClientMessages,
  commandsOf,
  publisherPreamble,
  SERVER_HANDSHAKE_LENGTH,
  ServerReplies,
} from "../../testing/rtmp/client.ts";
import { USER_CONTROL_EVENT } from "../../src/rtmp/message/user_control.ts";
import { until } from "../../testing/waiting.ts";
import type { Recording } from "./recording.ts";

/** A connection that publishes. */
export class RtmpPublisher implements Disposable {
  readonly messages = new ClientMessages();
  readonly #conn: Deno.TcpConn;
  readonly #statuses: { readonly streamId: number; readonly code: unknown }[] = [];
  #isClosed = false;
  /** Times that the server asked whether it is there. */
  pings = 0;
  /** Whether it says so, as encoders do: a test may have it wait for longer than it may be silent. */
  answersPings = true;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#read();
  }

  /** Connects to an application and asks to publish, on message stream 1. */
  static async connect(port: number, app: string, name: string): Promise<RtmpPublisher> {
    const publisher = new RtmpPublisher(await Deno.connect({ hostname: "127.0.0.1", port }));
    const { messages } = publisher;
    await publisher.#write(publisherPreamble({ app, name, messages }));
    return publisher;
  }

  /** Waits for the answer to the publish command of a message stream, and returns its code. */
  async answer(streamId = 1): Promise<unknown> {
    const status = await until(
      "the server answers",
      () => this.#statuses.find((status) => status.streamId === streamId),
    );
    return status.code;
  }

  /** Sends what `messages` has collected. */
  async flush(): Promise<void> {
    await this.#write(this.messages.take());
  }

  /** Sends media of a recording: all of it at once. */
  async send({ tags }: Recording, streamId = 1): Promise<void> {
    for (const { kind, timestampMs, body } of tags) {
      if (kind === "other") continue;
      if (kind === "metadata") this.#collectMetadata(body, streamId);
      else if (kind.startsWith("audio")) this.messages.audio(timestampMs, body, streamId);
      else this.messages.video(timestampMs, body, streamId);
    }
    await this.flush();
  }

  /** Cuts the connection off, without a word to the server. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #collectMetadata(body: Uint8Array, streamId: number): void {
    const payload = new ByteWriter(512).bytes(encodeAmf0("@setDataFrame")).bytes(body).take();
    this.messages.send({ kind: "data", streamId, timestampMs: 0, payload });
  }

  /** Answers a ping, if it answers any. */
  #onPing(data: Uint8Array): void {
    this.pings++;
    if (!this.answersPings) return;
    const eventType = USER_CONTROL_EVENT.PING_RESPONSE;
    this.messages.send({ kind: "userControl", eventType, data });
    // Whoever reads sees that the connection is gone.
    void this.flush().catch(() => {});
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let left = bytes; left.length > 0;) left = left.subarray(await this.#conn.write(left));
  }

  async #read(): Promise<void> {
    const replies = new ServerReplies();
    const buffer = new Uint8Array(4096);
    let handshakeLeft = SERVER_HANDSHAKE_LENGTH;
    try {
      for (;;) {
        const length = await this.#conn.read(buffer);
        if (length === null) return;
        const skipped = Math.min(length, handshakeLeft);
        handshakeLeft -= skipped;
        this.#note(replies.read(buffer.subarray(skipped, length)));
      }
    } catch (error) {
      if (!this.#isClosed) throw error;
    }
  }

  #note(replies: ReturnType<ServerReplies["read"]>): void {
    for (const reply of replies) {
      if (reply.kind === "userControl" && reply.eventType === USER_CONTROL_EVENT.PING_REQUEST) {
        this.#onPing(reply.data);
      }
      if (reply.kind !== "command") continue;
      for (const { name, args } of commandsOf([reply])) {
        if (name !== "onStatus") continue;
        const info = args.at(-1) as { readonly properties?: ReadonlyMap<string, unknown> };
        this.#statuses.push({ streamId: reply.streamId, code: info.properties?.get("code") });
      }
    }
  }
}
