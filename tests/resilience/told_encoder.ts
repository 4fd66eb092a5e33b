import { amfObject, amfProperty } from "../../src/amf/amf_value.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  commandsOf,
  SERVER_HANDSHAKE_LENGTH,
  ServerReplies,
} from "../../testing/rtmp/client.ts";
import { until } from "../../testing/waiting.ts";
import { VIDEO_CONFIGURATION, videoFrame } from "../../testing/media/self_describing.ts";

/** What an encoder is told that is asked to connect again. */
export const RECONNECT = "NetConnection.Connect.ReconnectRequest";

/** An encoder that publishes one frame, and notes what it is told. */
export class Encoder implements Disposable {
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
    gateway: Pick<GatewayProcess, "rtmpPort">,
    options: { name: string; capsEx?: number; type?: string },
  ): Promise<Encoder> {
    const encoder = await Encoder.ask(gateway, options);
    const { name } = options;
    await until(`${name} is published`, () => encoder.codes.includes("NetStream.Publish.Start"));
    return encoder;
  }

  /** One that may be refused. */
  static async ask(
    { rtmpPort }: Pick<GatewayProcess, "rtmpPort">,
    { name, capsEx, type = "live", app = "live" }: {
      readonly name: string;
      readonly capsEx?: number;
      readonly type?: string;
      readonly app?: string;
    },
  ): Promise<Encoder> {
    const encoder = new Encoder(await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort }));
    const object = { app, tcUrl: `rtmp://127.0.0.1:${rtmpPort}/${app}` };
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
    return encoder;
  }

  /** Its end of the connection. */
  get port(): number {
    return this.#conn.localAddr.port;
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
