import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { delay, until } from "../../testing/waiting.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { RawViewer } from "../../testing/http/raw_viewer.ts";
import { longForm } from "../../testing/long_form.ts";

/** 5 MB a second: what the kernel holds for a viewer is full in a second. */
const STREAM = { path: "live/heavy", bitrateBps: 40_000_000, frameRate: 50, groupFrames: 10 };

/** Three seconds for shards to stop by themselves, and what a busy machine adds. */
const STOP_LIMIT_MS = 20_000;

/** Less than who waits for somebody takes, which is three seconds. */
const AT_ONCE_MS = 2900;

const CONFIG = { log: { windowMs: 1000 }, timeouts: { stallMs: 60_000 } };

/** Viewers that have stopped reading for so long that they were jumped over. */
async function stalledViewers({ httpPort }: GatewayProcess): Promise<RawViewer[]> {
  const viewers = [];
  for (const transport of ["http", "ws", "http", "ws"] as const) {
    const viewer = await RawViewer.open({ httpPort, path: STREAM.path, transport });
    await viewer.read();
    viewers.push(viewer);
  }
  await delay(3000);
  return viewers;
}

async function timed<T>(work: Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const startedMs = performance.now();
  const value = await work;
  return { value, ms: performance.now() - startedMs };
}

for (const signal of longForm(["SIGTERM", "SIGINT"] as const, 1)) {
  Deno.test(`${signal} stops in time, with publishers, viewers and stalled viewers`, async () => {
    await using gateway = await startGateway({ args: ["--shards", "2"], config: CONFIG });
    await using healthy = await HealthyStream.start(gateway, STREAM);
    const stalled = await stalledViewers(gateway);
    await healthy.check();
    const { value, ms } = await timed(gateway.stop(signal));
    assertEquals([value.code, value.signal], [0, null], gateway.output());
    assert(ms < STOP_LIMIT_MS, `stopped after ${ms} ms`);
    for (const viewer of healthy.viewers) {
      await until("the healthy viewers are at their end", () => viewer.end);
      viewer.check();
      assertEquals(viewer.end, "finished");
      assertEquals(viewer.checker.pending, 0, "the last tag is not whole");
    }
    assertEquals(healthy.publisher.end, "by the server");
    for (const viewer of stalled) {
      viewer.run();
      await until("the stalled viewers are at their end", () => viewer.end);
      viewer.check();
      await viewer[Symbol.asyncDispose]();
    }
  });
}

Deno.test("RTMP players are told of the end", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"], config: CONFIG });
  await using healthy = await HealthyStream.start(gateway, STREAM);
  using player = await RtmpPlayerClient.connect(gateway.rtmpPort);
  await player.command(1, "play", "heavy");
  await until("it has pictures", () => player.media.length > 100);
  await healthy.check();
  const { value } = await timed(gateway.stop("SIGTERM"));
  assertEquals(value.code, 0, gateway.output());
  await player.ends();
  assertEquals([player.told.at(-1), player.problem], ["NetStream.Play.Stop on 1", undefined]);
});

for (const signal of ["SIGINT", "SIGHUP"] as const) {
  Deno.test(`without connections it stops at once, by ${signal}`, async () => {
    await using gateway = await startGateway({ args: ["--shards", "2"], config: CONFIG });
    const { value, ms } = await timed(gateway.stop(signal));
    assertEquals([value.code, value.signal], [0, null]);
    assert(ms < AT_ONCE_MS, `stopped after ${ms} ms`);
  });
}

Deno.test("a second signal does not wait", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"], config: CONFIG });
  await using healthy = await HealthyStream.start(gateway, STREAM);
  const stalled = await stalledViewers(gateway);
  await healthy.check();
  const stopping = gateway.stop("SIGINT");
  await until("it is stopping", () => gateway.output().includes("Stopping."));
  const { value, ms } = await timed(gateway.stop("SIGINT"));
  await stopping;
  assertEquals(value.code, 1, "it had stopped already");
  assert(ms < AT_ONCE_MS, `ended after ${ms} ms`);
  for (const viewer of stalled) await viewer[Symbol.asyncDispose]();
});
