/** What those see who use the gateway while a supervisor ends it. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { Encoder, RECONNECT } from "./told_encoder.ts";
import { checkFrames } from "../../testing/webrtc/whep_reception.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

/** The sound that is published is none. */
const NOT_DECODED = "access units cannot be decoded";

/** A connection that is kept, as a load balancer has it. */
class Prober implements Disposable {
  readonly #conn: Deno.TcpConn;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect({ httpPort }: GatewayProcess): Promise<Prober> {
    return new Prober(await Deno.connect({ hostname: "127.0.0.1", port: httpPort }));
  }

  /** The head of the answer to whether it is ready. */
  async ask(): Promise<string> {
    await this.#conn.write(new TextEncoder().encode("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"));
    const buffer = new Uint8Array(4096);
    let text = "";
    // The text is a line of its own behind the head.
    while (!/\r\n\r\n.*\n$/s.test(text)) {
      const length = await this.#conn.read(buffer);
      if (length === null) throw new Error(`Cut off after ${JSON.stringify(text)}`);
      text += new TextDecoder().decode(buffer.subarray(0, length));
    }
    return text;
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

function refuses(port: number): Promise<boolean> {
  return Deno.connect({ hostname: "127.0.0.1", port })
    .then((conn) => void conn.close(), (error) => error)
    .then((error) => error instanceof Deno.errors.ConnectionRefused);
}

Deno.test({
  name: "SIGTERM: not ready, ports closed, and viewers of each protocol watch on until their end",
  // Timers of the viewers' DTLS outlive a handshake by seconds.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const drainSeconds = 4;
    await using gateway = await startGateway({
      args: ["--shards", "2", "--drain-seconds", `${drainSeconds}`],
    });
    await using healthy = await HealthyStream.start(gateway);
    using player = await RtmpPlayerClient.connect(gateway.rtmpPort);
    await player.command(1, "play", "healthy");
    await until("the player has pictures", () => player.media.length > 10);
    await using overUdp = await WhepViewer.join(gateway);
    await using overTcp = await WhepViewer.join(gateway, { transport: "tcp" });
    using prober = await Prober.connect(gateway);
    assertMatch(await prober.ask(), /^HTTP\/1\.1 200 /);

    const startMs = performance.now();
    const stopping = gateway.stop("SIGTERM");
    await until("it is drained", () => gateway.output().includes("Draining: "));
    assertMatch(await prober.ask(), /^HTTP\/1\.1 503 /);
    for (const port of [gateway.rtmpPort, gateway.httpPort]) {
      await until(`port ${port} is closed`, () => refuses(port));
    }
    const counts = () => [
      ...healthy.viewers.map(({ checker }) => checker.videoFrames),
      player.media.length,
      overUdp.frames().length,
      overTcp.frames().length,
    ];
    const before = counts();
    await healthy.check();
    await until("all viewers get more", () => counts().every((count, at) => count > before[at]!));

    const { code, signal } = await stopping;
    assertEquals([code, signal], [0, null], gateway.output());
    const tookMs = performance.now() - startMs;
    assert(tookMs > 2000 && tookMs < drainSeconds * 1000 + 1000, `ended after ${tookMs} ms`);
    for (const viewer of healthy.viewers) {
      await until("the viewers of FLV are at their end", () => viewer.end);
      viewer.check();
      assertEquals([viewer.end, viewer.checker.pending], ["finished", 0]);
      assertEquals(viewer.checker.jumps, []);
    }
    await player.ends();
    assertEquals([player.told.at(-1), player.problem], ["NetStream.Play.Stop on 1", undefined]);
    for (const viewer of [overUdp, overTcp]) {
      assert(viewer.isToldOfEnd);
      checkFrames(viewer.frames());
      assertEquals(viewer.failure, undefined);
    }
    const lines = gateway.output().split("\n").filter((line) => !line.includes(NOT_DECODED));
    assertEquals(lines.filter((line) => /\[(WRN|ERR)\]|^ *at |error/i.test(line)), []);
  },
});

Deno.test("SIGTERM: nobody is waited for once publishers have gone, and their viewers with them", async () => {
  await using gateway = await startGateway({ args: ["--drain-seconds", "60"] });
  using capable = await Encoder.publish(gateway, { name: "a", capsEx: 1 });
  using player = await RtmpPlayerClient.connect(gateway.rtmpPort);
  await player.command(1, "play", "a");
  await until("it has a picture", () => player.media.length > 1);
  const stopping = gateway.stop("SIGTERM");
  await until("the encoder is asked to connect again", () => capable.codes.includes(RECONNECT));
  capable[Symbol.dispose]();
  const leftMs = performance.now();
  assertEquals((await stopping).code, 0);
  assert(performance.now() - leftMs < 3000, "the stream does not wait for its publisher");
  await player.ends();
  assertEquals(player.told.at(-1), "NetStream.Play.Stop on 1");
});

Deno.test("SIGTERM without anybody: it ends at once", async () => {
  await using gateway = await startGateway({ args: ["--drain-seconds", "60"] });
  const startMs = performance.now();
  assertEquals((await gateway.stop("SIGTERM")).code, 0);
  assert(performance.now() - startMs < 1500);
});

Deno.test("a second signal while it is drained ends it at once; SIGINT drains nothing", async () => {
  const cases = [["SIGTERM", "SIGTERM"], ["SIGTERM", "SIGINT"], ["SIGINT"]] as const;
  for (const signals of cases) {
    await using gateway = await startGateway({ args: ["--drain-seconds", "60"] });
    using _encoder = await Encoder.publish(gateway, { name: "a" });
    const ending = gateway.stop(signals[0]);
    if (signals.length === 2) {
      await until("it is drained", () => gateway.output().includes("Draining: "));
      void gateway.stop(signals[1]);
    }
    const startMs = performance.now();
    assertEquals((await ending).code, signals.length - 1, `${signals}`);
    assert(performance.now() - startMs < 2000, `${signals}`);
  }
});

Deno.test("no publisher is taken while it is drained", async () => {
  await using gateway = await startGateway({ args: ["--drain-seconds", "60"] });
  using encoder = await Encoder.publish(gateway, { name: "a" });
  // Connected before, and undecided.
  using other = await RtmpPlayerClient.connect(gateway.rtmpPort);
  await other.hears("_result");
  void gateway.stop("SIGTERM");
  await until("it is drained", () => gateway.output().includes("Draining: "));
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port: gateway.rtmpPort }));
  await other.command(1, "publish", "b", "live");
  await other.hears("NetStream.Publish.BadName on 1");
  assert(!encoder.isEnded);
});
