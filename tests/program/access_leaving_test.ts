/** Hooks know of all that comes of what they allow, also where that is nothing. */
import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { publisherPreamble } from "../../testing/rtmp/client.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { PUBLISH_OFFERS } from "../../testing/webrtc/publish_offers.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";
import { until } from "../../testing/waiting.ts";
import { startHttpServer } from "../access/http_server.ts";
import { publishRtmp, WAYS_TO_PLAY } from "./access_ways.ts";

interface Told {
  readonly action: string;
  readonly client_id: string;
  readonly stream: string;
  readonly reason?: string;
}

/** A hook that allows all, those of the streams in `slow` not before it is told to. */
function hookServer(slow: readonly string[] = []) {
  const told: Told[] = [];
  const answering = Promise.withResolvers<void>();
  const server = startHttpServer(async (request) => {
    const body: Told = await request.json();
    told.push(body);
    if (slow.includes(body.stream) && body.reason === undefined) await answering.promise;
    return new Response("0");
  });
  const count = (name: string, stream?: string) =>
    told.filter((one) => one.action === name && (stream ?? one.stream) === one.stream).length;
  return {
    told,
    count,
    answer: () => answering.resolve(),
    url: server.url,
    /** Until each beginning has its end. */
    balanced: (begin: string, end: string, stream: string) =>
      until(
        `as many ${end} as ${begin} of ${stream}: ${JSON.stringify(told)}`,
        () => count(begin, stream) > 0 && count(begin, stream) === count(end, stream),
      ),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function publish(gateway: GatewayProcess, path: string): Promise<SyntheticPublisher> {
  const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path });
  publisher.run();
  await until("it is there", () => gateway.output().includes(`publishes ${path} over rtmp`));
  return publisher;
}

const REQUESTS: Readonly<Record<string, string>> = {
  "HTTP-FLV": "GET /live/slow.flv HTTP/1.1\r\nHost: a\r\n\r\n",
  "WS-FLV": "GET /live/slow.flv HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n" +
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  "WHEP": offering("/live/slow/whep", OFFERS.chromium),
};

function offering(target: string, offer: string): string {
  return `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\n` +
    `Content-Length: ${offer.length}\r\n\r\n${offer}`;
}

for (const [name, request] of Object.entries(REQUESTS)) {
  Deno.test(`who leaves while a hook is asked whether it may watch by ${name} takes nothing`, async () => {
    await using hook = hookServer(["slow"]);
    await using gateway = await startGateway({
      args: ["--shards", "1"],
      config: {
        access: {
          rules: [{ decision: "allow", actions: ["publish"] }],
          hooks: [{ url: hook.url, timeoutMs: 30_000 }],
        },
      },
    });
    await using _ = await publish(gateway, "live/slow");
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: gateway.httpPort });
    await conn.write(new TextEncoder().encode(request));
    await until("it is asked about", () => hook.count("on_play") === 1);
    conn.close();
    // What is asked after it has left is answered after that was noticed.
    assertEquals((await fetch(gateway.httpUrl("/healthz"))).status, 200);
    hook.answer();
    await hook.balanced("on_play", "on_stop", "slow");
    assertEquals(hook.told.at(-1)!.client_id, hook.told[0]!.client_id);
    assertEquals(gateway.output().includes("watches live/slow"), false);
  });
}

for (const protocol of ["rtmp", "whip"] as const) {
  Deno.test(`who publishes by ${protocol} and leaves while a hook is asked takes no stream over`, async () => {
    await leavesWhileAsked(protocol);
  });
}

async function leavesWhileAsked(protocol: "rtmp" | "whip"): Promise<void> {
  await using hook = hookServer();
  let asked = 0;
  const answering = Promise.withResolvers<void>();
  await using slow = startHttpServer(async (request) => {
    const { action } = await request.json();
    if (action === "on_publish" && ++asked === 2) await answering.promise;
    return new Response("0");
  });
  await using gateway = await startGateway({
    args: ["--log-level", "debug", "--shards", "1"],
    config: {
      secondPublisher: "takeOver",
      access: {
        hooks: [
          { id: "told", url: hook.url, decides: false },
          { id: "slow", url: slow.url, timeoutMs: 30_000 },
        ],
      },
    },
  });
  await using first = await publish(gateway, "live/a");
  const conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: protocol === "rtmp" ? gateway.rtmpPort : gateway.httpPort,
  });
  const { port } = conn.localAddr;
  await conn.write(
    protocol === "rtmp"
      ? publisherPreamble({ app: "live", name: "a" })
      : new TextEncoder().encode(offering("/live/a/whip", PUBLISH_OFFERS.chromium)),
  );
  await until("it asks", () => asked === 2);
  conn.close();
  if (protocol === "rtmp") {
    await until("it is noticed", () => gateway.output().includes(`:${port} closed by the peer`));
  } else {
    // What is asked after it has left is answered after that was noticed.
    assertEquals((await fetch(gateway.httpUrl("/healthz"))).status, 200);
  }
  answering.resolve();
  await until("it has come to nothing", () => hook.count("on_unpublish") === 1);
  assertEquals(hook.told.at(-1)!.reason, "it has left");
  assertEquals([hook.count("on_publish"), first.end], [2, undefined]);
}

Deno.test("a hook is told of the end of all that it allows, whatever comes of that", async () => {
  await using hook = hookServer();
  await using gateway = await startGateway({
    config: {
      access: { hooks: [{ url: hook.url }] },
      limits: { viewers: 1 },
      timeouts: { playWaitMs: 0 },
    },
  });
  await using publisher = await publish(gateway, "live/a");
  for (const [name, { way }] of Object.entries(WAYS_TO_PLAY)) {
    await way(gateway, "live/none");
    await hook.balanced("on_play", "on_stop", "none");
    assert(hook.told.at(-1)!.reason, name);
  }
  const head = await fetch(gateway.httpUrl("/live/none.flv"), { method: "HEAD" });
  assertEquals(head.status, 404);
  await hook.balanced("on_play", "on_stop", "none");
  const viewer = await fetch(gateway.httpUrl("/live/a.flv"));
  for (const { way, isIn } of Object.values(WAYS_TO_PLAY)) {
    assertEquals(isIn.test(await way(gateway, "live/a")), false);
  }
  await until("the others are over", () => hook.count("on_stop", "a") === 4);
  assertEquals(hook.count("on_play", "a"), 5);
  await viewer.body!.cancel();
  await hook.balanced("on_play", "on_stop", "a");
  const reasons = hook.told.filter(({ action, stream }) => action === "on_stop" && stream === "a")
    .map(({ reason }) => reason);
  assert(reasons.some((reason) => reason?.startsWith("There may be up to 1 viewer")), `${reasons}`);

  assertEquals(await publishRtmp(gateway, "live/a"), "NetStream.Publish.BadName");
  await until("it is over", () => hook.count("on_unpublish", "a") === 1);
  assertEquals(hook.told.at(-1)!.reason, "live/a is being published already.");
  await publisher[Symbol.asyncDispose]();
  await hook.balanced("on_publish", "on_unpublish", "a");
});

Deno.test("who waits for a stream over RTMP and leaves was allowed to play, and is over", async () => {
  await using hook = hookServer();
  await using gateway = await startGateway({
    config: { access: { hooks: [{ url: hook.url }] }, timeouts: { playWaitMs: 60_000 } },
  });
  {
    using player = await RtmpPlayerClient.connect(gateway.rtmpPort);
    await player.command(1, "play", "a");
    await player.flush();
    await until("it may", () => hook.count("on_play", "a") === 1);
  }
  await hook.balanced("on_play", "on_stop", "a");
});
