import { assert, assertEquals, assertMatch } from "@std/assert";
import { amfObject, amfProperty } from "../../src/amf/amf_value.ts";
import { type GatewayProcess, startGateway } from "../gateway_process.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  commandsOf,
  SERVER_HANDSHAKE_LENGTH,
  ServerReplies,
} from "../rtmp/client.ts";
import { until } from "../waiting.ts";
import { VIDEO_CONFIGURATION, videoFrame } from "./self_describing.ts";

/** An encoder that publishes one frame, and notes what it is told. */
class Encoder implements Disposable {
  readonly codes: string[] = [];
  /** Whether the server has ended the connection. */
  isEnded = false;
  readonly #conn: Deno.TcpConn;
  readonly #replies = new ServerReplies();
  #handshakeLeft = SERVER_HANDSHAKE_LENGTH;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async publish(
    { rtmpPort }: GatewayProcess,
    { name, capsEx, type = "live" }: { name: string; capsEx?: number; type?: string },
  ): Promise<Encoder> {
    const encoder = new Encoder(await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort }));
    const object = { app: "live", tcUrl: `rtmp://127.0.0.1:${rtmpPort}/live` };
    const messages = new ClientMessages()
      .command(0, "connect", 1, amfObject(capsEx === undefined ? object : { ...object, capsEx }))
      .command(0, "createStream", 2, null)
      .command(1, "publish", 3, null, name, type)
      .video(0, VIDEO_CONFIGURATION)
      .video(0, videoFrame({ sequence: 0, timestampMs: 0, isKeyFrame: true }, 1000));
    for (const bytes of [clientHello(), clientAnswer(), messages.take()]) {
      await encoder.#conn.write(bytes);
    }
    void encoder.#listen();
    await until(`${name} is published`, () => encoder.codes.includes("NetStream.Publish.Start"));
    return encoder;
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // It is closed.
    }
  }

  async #listen(): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      for (let read = await this.#conn.read(buffer); read; read = await this.#conn.read(buffer)) {
        const skipped = Math.min(this.#handshakeLeft, read);
        this.#handshakeLeft -= skipped;
        for (const { args } of commandsOf(this.#replies.read(buffer.slice(skipped, read)))) {
          const code = amfProperty(args[1], "code");
          if (typeof code === "string") this.codes.push(code);
        }
      }
    } catch {
      // Reset by the server, or closed by us.
    }
    this.isEnded = true;
  }
}

const RECONNECT = "NetConnection.Connect.ReconnectRequest";

Deno.test("a capable encoder is asked to connect again when the server stops, others are not", async () => {
  await using gateway = await startGateway();
  using capable = await Encoder.publish(gateway, { name: "a", capsEx: 1 });
  using other = await Encoder.publish(gateway, { name: "b" });
  const stopping = gateway.stop("SIGTERM");
  await until("it is asked to connect again", () => capable.codes.includes(RECONNECT));
  assert(!capable.isEnded, "it may go on until its next key frame");
  await until("the other is ended", () => other.isEnded);
  assert(!other.codes.includes(RECONNECT));
  const leftMs = performance.now();
  capable[Symbol.dispose]();
  const { code } = await stopping;
  assertEquals(code, 0);
  assert(performance.now() - leftMs < 800, "nobody is waited for any more");
});

Deno.test("a capable encoder that stays is ended after a short time", async () => {
  await using gateway = await startGateway();
  using capable = await Encoder.publish(gateway, { name: "a", capsEx: 15 });
  const { code } = await gateway.stop("SIGTERM");
  assertEquals(code, 0);
  await until("it is ended", () => capable.isEnded);
  assertEquals(capable.codes.filter((each) => each === RECONNECT), [RECONNECT]);
});

Deno.test("record and append are live, which the log says once", async () => {
  await using gateway = await startGateway();
  using _record = await Encoder.publish(gateway, { name: "a", type: "record" });
  using _append = await Encoder.publish(gateway, { name: "b", type: "append" });
  using _live = await Encoder.publish(gateway, { name: "c" });
  await until("all are published", async () => (await gateway.status()).streams.length === 3);
  assertMatch(gateway.output(), /asks to record live\/a: it is live only, nothing is recorded/);
  assertMatch(gateway.output(), /asks to append live\/b: it is live only/);
  assertEquals(gateway.output().match(/live only/g)?.length, 2);
});
