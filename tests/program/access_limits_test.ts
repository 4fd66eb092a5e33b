/** Limits that a reload changes count for who is there, and end nobody who is within them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { makeKey } from "../../testing/stream_key.ts";
import { until } from "../../testing/waiting.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import { soundUntil } from "../resilience/whip_sound.ts";
import { api, WAYS_TO_PLAY } from "./access_ways.ts";

const ADMIN = "the-token-of-the-operator";
const camera = makeKey("camera");
const flv = WAYS_TO_PLAY["HTTP-FLV"]!.way;

/** Anybody may watch; the camera publishes under these limits. */
function accessOf(more: Record<string, unknown> = {}) {
  return {
    rules: [{ decision: "allow", actions: ["play"] }],
    keys: [{ id: "camera", hash: camera.hash, paths: ["live/a"], ...more }],
  };
}

async function reload(gateway: GatewayProcess, body: Record<string, unknown>): Promise<void> {
  const { status, text } = await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body });
  assertEquals(status, 200, text);
}

async function published(config: Record<string, unknown> = {}) {
  const gateway = await startGateway({
    args: ["--shards", "2"],
    config: { adminToken: ADMIN, access: accessOf(), ...config },
  });
  const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
  });
  publisher.run();
  await until("it can be watched", async () => await flv(gateway, "live/a") === "200");
  return Object.assign(gateway, { publisher });
}

/** How long it takes until something is so, which is to be at once. */
async function within(limitMs: number, what: string, isSo: () => unknown): Promise<void> {
  const sinceMs = performance.now();
  await until(what, isSo);
  const spentMs = performance.now() - sinceMs;
  assert(spentMs < limitMs, `${what} after ${Math.round(spentMs)} ms`);
}

async function liveNames(gateway: GatewayProcess): Promise<readonly string[]> {
  const { streams } = await (await fetch(gateway.httpUrl("/api/v1/live"))).json();
  return streams.map(({ name }: { name: string }) => name);
}

Deno.test("a reload limits and hides a stream that is there, and ends nobody by that", async () => {
  const gateway = await published();
  await using _ = gateway;
  await using publisher = gateway.publisher;
  const viewer = await fetch(gateway.httpUrl("/live/a.flv"));
  const reader = viewer.body!.getReader();
  assertEquals(await liveNames(gateway), ["a"]);
  await reload(gateway, { access: accessOf({ limits: { maxViewers: 1 }, list: false }) });
  await within(1500, "there is no more room", async () => await flv(gateway, "live/a") === "503");
  await within(1500, "it is hidden", async () => (await liveNames(gateway)).length === 0);
  assert(!(await reader.read()).done);
  assertEquals(publisher.end, undefined);
  // When it comes again, its viewers still have it.
  await reload(gateway, { access: accessOf() });
  await within(1500, "there is room again", async () => await flv(gateway, "live/a") === "200");
  await within(1500, "it is listed", async () => (await liveNames(gateway)).length === 1);
  await reader.cancel();
});

Deno.test("a publisher that comes again under other limits has its viewers still", async () => {
  const gateway = await published();
  await using _ = gateway;
  const viewer = await fetch(gateway.httpUrl("/live/a.flv"));
  const reader = viewer.body!.getReader();
  await gateway.publisher[Symbol.asyncDispose]();
  await reload(gateway, { access: accessOf({ limits: { maxViewers: 5 } }) });
  await using again = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
    firstSequence: 1000,
  });
  again.run();
  const begins = () => gateway.output().match(/publishes live\/a over rtmp/g)?.length;
  await until("it publishes again", () => begins() === 2);
  for (let piece = 0; piece < 20; piece++) assert(!(await reader.read()).done);
  await reader.cancel();
});

Deno.test("who exceeds what a reload allows is ended as the limit says", async (t) => {
  for (
    const [limits, reason, limitMs] of [
      [{ maxWidth: 8 }, "Pictures may be up to 8 wide", 2000],
      [{ maxDurationMs: 1 }, "It may be published for up to 1 ms", 2000],
      [{ maxBitrateBps: 100_000 }, "The bitrate may be up to 100000 bit/s", 6000],
    ] as const
  ) {
    await t.step(reason, async () => {
      const gateway = await published();
      await using _ = gateway;
      await using publisher = gateway.publisher;
      await reload(gateway, { access: accessOf({ limits: { maxBitrateBps: 10_000_000 } }) });
      await reload(gateway, { access: accessOf({ limits }) });
      await within(limitMs, "it is ended", () => publisher.end !== undefined);
      assertStringIncludes(gateway.output(), reason);
    });
  }
});

Deno.test("a publisher by WHIP is told how much it may send, as it changes", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { adminToken: ADMIN, access: accessOf({ limits: { maxBitrateBps: 3_000_000 } }) },
  });
  await using sender = await WhipSender.connect(gateway, "live/a", {
    query: `?token=${camera.key}`,
  });
  const told = (bps: number) =>
    soundUntil(sender, `it is told ${bps} bit/s`, () => sender.peer.toldBps === bps);
  await told(3_000_000);
  await reload(gateway, { access: accessOf({ limits: { maxBitrateBps: 1_000_000 } }) });
  await told(1_000_000);
  await reload(gateway, { access: accessOf() });
  await told(10_000_000);
  assertEquals(await sender.peer.delete(), 200);
});

Deno.test("a viewer's time is what the newest rule says", async () => {
  const gateway = await published();
  await using _ = gateway;
  await using publisher = gateway.publisher;
  const viewer = await fetch(gateway.httpUrl("/live/a.flv"));
  const whole = viewer.arrayBuffer();
  const rules = [{ decision: "allow", actions: ["play"], limits: { maxDurationMs: 1 } }];
  const sinceMs = performance.now();
  await reload(gateway, { access: { ...accessOf(), rules } });
  await whole;
  assert(performance.now() - sinceMs < 3000);
  assertEquals(publisher.end, undefined);
});

Deno.test("pages that may use the server, and who takes a stream over, change by a reload", async () => {
  const gateway = await published({ corsOrigins: ["https://old.example"] });
  await using _ = gateway;
  const origin = async (page: string) => {
    const response = await fetch(gateway.httpUrl("/api/v1/live"), { headers: { origin: page } });
    await response.body!.cancel();
    return response.headers.get("access-control-allow-origin");
  };
  await using first = gateway.publisher;
  const corsOrigins = ["https://new.example"];
  assertEquals(await origin("https://old.example"), "https://old.example");
  await reload(gateway, { corsOrigins, secondPublisher: "takeOver" });
  await until("the new page may", async () => await origin(corsOrigins[0]!) === corsOrigins[0]);
  await until("the old one not", async () => await origin("https://old.example") === null);
  await using second = await SyntheticPublisher.connect(gateway.rtmpPort, {
    path: `live/${camera.key}`,
  });
  second.run();
  await until("the first is ended", () => first.end === "by the server");
  assertEquals(second.end, undefined);
});
