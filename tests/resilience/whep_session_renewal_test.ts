/** Viewers by WebRTC are told when another session is to take the place of theirs. */
import { assertEquals, assertMatch } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { EventReader } from "../../testing/http/event_reader.ts";
import { VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { enhancedVideo } from "../../testing/media/enhanced_samples.ts";
import { until } from "../../testing/waiting.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { RtmpPublisher } from "../interop/rtmp_publisher.ts";

/** werift's timers for repeated flights outlive a handshake by seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** Sound is waited for until this much of the pictures has come. */
const MUCH_MS = 5000;

/** Follows the events of this name of a session, on any shard. */
async function follow(resource: string, event: string): Promise<EventReader> {
  const response = await fetch(`${resource}/events`, { method: "POST", body: `["${event}"]` });
  await response.body?.cancel();
  return await EventReader.open(new URL(response.headers.get("location")!, response.url).href);
}

async function post(url: string, offer: string): Promise<Response> {
  const headers = { "content-type": "application/sdp" };
  return await fetch(url, { method: "POST", headers, body: offer });
}

Deno.test("pictures of another codec: viewers are told to open another session", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", "change");
  await publisher.answer();
  const send = async (codec: "vp8" | "vp9", timesMs: readonly number[]) => {
    const [picture] = codec === "vp8" ? VP_STREAMS.vp8Realtime : VP_STREAMS.vp9Realtime;
    const body = enhancedVideo(codec, "frame", "key", picture!);
    for (const timeMs of timesMs) publisher.messages.video(timeMs, body);
    await publisher.flush();
  };
  await send("vp8", [0, MUCH_MS]);
  const response = await post(gateway.httpUrl("/live/change/whep"), OFFERS.chromium);
  assertEquals(response.status, 201, await response.text());
  const resource = new URL(response.headers.get("location")!, response.url).href;
  // They are on either shard, the session is on one.
  const readers = await Promise.all([1, 2, 3, 4].map(() => follow(resource, "reconnect")));
  await send("vp9", [MUCH_MS + 40]);
  for (const reader of readers) {
    await until("its events have ended", () => reader.hasEnded);
    assertEquals(reader.events, [{ event: "reconnect", data: {} }]);
    await reader[Symbol.asyncDispose]();
  }
});

Deno.test({
  name: "a server that drains tells its viewers to go elsewhere, and lets in no others",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "2", "--drain-seconds", "60"] });
    const path = "live/drained";
    await using _publisher = await publish(gateway, { path });
    await using viewer = await WhepViewer.join(gateway, { path });
    const readers = await Promise.all([1, 2, 3].map(() => follow(viewer.resource, "reconnect")));
    // A connection that the server keeps until it has answered once more.
    await (await fetch(gateway.httpUrl("/readyz"))).text();
    void gateway.stop("SIGTERM");
    await until("it is drained", () => gateway.output().includes("Draining: "));
    for (const reader of readers) {
      await until("it is told", () => reader.events.length > 0);
      assertEquals(reader.events, [{ event: "reconnect", data: {} }]);
    }
    await assertLetsInNobody(gateway, path);
    const before = viewer.frames().length;
    await until("who is there watches on", () => viewer.frames().length > before + 10);
    for (const reader of readers) {
      assertEquals([reader.events.length, reader.hasEnded], [1, false]);
      await reader[Symbol.asyncDispose]();
    }
    await gateway.stop("SIGKILL");
  },
});

async function assertLetsInNobody(gateway: GatewayProcess, path: string): Promise<void> {
  const response = await post(gateway.httpUrl(`/${path}/whep`), OFFERS.chromium);
  assertMatch(await response.text(), /^The server is about to stop/);
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("connection"), "close");
}
