/** What there is to be counted: a stream, viewers by every protocol, and what goes wrong. */
import { AAC_LC } from "../../testing/media/aac_streams.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";

/** A stream with sound that is transcoded, watched over HTTP, WebSocket, RTMP and WebRTC. */
export class WatchedStream implements AsyncDisposable {
  readonly viewer: WhepViewer;
  readonly #stack: AsyncDisposableStack;

  private constructor(viewer: WhepViewer, stack: AsyncDisposableStack) {
    this.viewer = viewer;
    this.#stack = stack;
  }

  /** Publishes "live/counted"; resolves when each viewer has got something. */
  static async start(gateway: GatewayProcess): Promise<WatchedStream> {
    await using stack = new AsyncDisposableStack();
    const { units, configuration } = AAC_LC;
    const publisher = stack.use(
      await SyntheticPublisher.connect(gateway.rtmpPort, {
        path: "live/counted",
        audio: {
          configuration: Uint8Array.of(0xaf, 0, ...configuration),
          frame: (sequence) => audioBody(units, sequence),
        },
      }),
    );
    publisher.run();
    await until("it can be watched", async () => {
      return (await fetch(gateway.httpUrl("/live/counted.flv"), { method: "HEAD" })).ok;
    });
    const response = await fetch(gateway.httpUrl("/live/counted.flv"));
    const flv = readOn(response.body!);
    stack.defer(() => flv.cancel());
    const socket = new WebSocket(gateway.httpUrl("/live/counted.flv").replace("http", "ws"));
    let messages = 0;
    socket.addEventListener("message", () => messages++);
    const closed = Promise.withResolvers<void>();
    socket.addEventListener("close", () => closed.resolve());
    stack.defer(() => {
      socket.close();
      return closed.promise;
    });
    const player = stack.use(await RtmpPlayerClient.connect(gateway.rtmpPort));
    await player.command(1, "play", "counted");
    const viewer = stack.use(await WhepViewer.join(gateway, { path: "live/counted" }));
    // Otherwise it would be waited for, as for one that has lost its network.
    stack.defer(async () => void await viewer.delete());
    await until("all get something", () => {
      return flv.bytes() > 1000 && messages > 1 && player.media.length > 2 &&
        [viewer.audio, viewer.video].every((source) => (source?.packets.length ?? 0) > 0);
    });
    return new WatchedStream(viewer, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Now and then one that cannot be read, or one whose sound is damaged. */
function audioBody(units: typeof AAC_LC.units, sequence: number): Uint8Array<ArrayBuffer> {
  if (sequence % 40 === 19) return Uint8Array.of(0xaf);
  const { data } = units[sequence % units.length]!;
  return Uint8Array.of(0xaf, 1, ...sequence % 40 === 39 ? data.slice(0, 20) : data);
}

/** Reads a body until it is cancelled. */
function readOn(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader();
  let bytes = 0;
  const reading = (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.length;
    }
  })();
  return {
    bytes: () => bytes,
    cancel: async () => {
      await reader.cancel();
      await reading;
    },
  };
}

/** Does what is malformed or refused in each protocol, once. */
export async function goWrong(
  { rtmpPort, httpPort, httpUrl }: Pick<GatewayProcess, "rtmpPort" | "httpPort" | "httpUrl">,
): Promise<void> {
  await sendAndWait(rtmpPort, new Uint8Array(2000).fill(0xff));
  await sendAndWait(httpPort, new TextEncoder().encode("GET / HTTP/1.1\r\nno header\r\n\r\n"));
  const headers = { authorization: "Bearer of.nothing" };
  const response = await fetch(httpUrl("/metrics"), { headers });
  await response.body?.cancel();
  if (response.status !== 401) throw new Error(`A wrong token gave ${response.status}`);
}

/** Sends bytes over a connection of their own, and waits until the server has closed it. */
async function sendAndWait(port: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(bytes);
  const buffer = new Uint8Array(4096);
  try {
    while (await conn.read(buffer) !== null);
  } catch (error) {
    // Closed with something unread, which comes back as a reset.
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}
