import { AUDIO_CONFIGURATION, audioFrame } from "../../testing/media/self_describing.ts";
import { clientAnswer, clientHello, ClientMessages } from "../../testing/rtmp/client.ts";

/** Streams that a connection may have. */
const STREAMS_PER_CONNECTION = 15;

/** Many streams for little: each sends a frame of sound now and then, many over one connection. */
export class ManyPublishers implements Disposable {
  readonly #conns: Deno.TcpConn[] = [];
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  /** Publishes "live/many0", "live/many1" and so on; resolves when all is sent. */
  static async start(rtmpPort: number, count: number, name = "many"): Promise<ManyPublishers> {
    const publishers = new ManyPublishers();
    for (let first = 0; first < count; first += STREAMS_PER_CONNECTION) {
      const numbers = Array.from(
        { length: Math.min(STREAMS_PER_CONNECTION, count - first) },
        (_, at) => first + at,
      );
      await publishers.#publish(rtmpPort, numbers.map((number) => `${name}${number}`));
    }
    return publishers;
  }

  async #publish(rtmpPort: number, names: readonly string[]): Promise<void> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort });
    this.#conns.push(conn);
    const accepted = Promise.withResolvers<void>();
    void drain(conn, accepted);
    const messages = new ClientMessages().connect("live");
    names.forEach((name, at) => {
      messages.command(0, "createStream", 2 * at + 2, null);
      messages.command(at + 1, "publish", 2 * at + 3, null, name, "live");
      messages.audio(0, AUDIO_CONFIGURATION, at + 1);
    });
    await writeAll(conn, Uint8Array.of(...clientHello(), ...clientAnswer(), ...messages.take()));
    // An address may have so many connections only that have not said yet what they are for.
    await accepted.promise;
    let sequence = 0;
    const frame = () => {
      const timestampMs = sequence++ * 1000;
      names.forEach((_, at) => {
        messages.audio(timestampMs, audioFrame({ sequence, timestampMs }, 40), at + 1);
      });
      // It is closed when the test ends.
      writeAll(conn, messages.take()).catch(() => {});
    };
    frame();
    this.#timers.push(setInterval(frame, 1000));
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    for (const conn of this.#conns.splice(0)) conn.close();
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let left = bytes; left.length > 0;) left = left.subarray(await conn.write(left));
}

/** Reads to the end, and notices when the server has told of a publish. */
async function drain(conn: Deno.TcpConn, accepted: PromiseWithResolvers<void>): Promise<void> {
  const buffer = new Uint8Array(65536);
  const decoder = new TextDecoder("latin1");
  let text: string | undefined = "";
  try {
    for (let length; (length = await conn.read(buffer)) !== null;) {
      if (text === undefined) continue;
      text += decoder.decode(buffer.subarray(0, length));
      if (!text.includes("onStatus")) continue;
      accepted.resolve();
      text = undefined;
    }
  } catch {
    // It was closed.
  }
  accepted.reject(new Error("the connection ended before it could publish"));
}
