import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { readWhepAnswer } from "../../testing/webrtc/whep_sdp.ts";
import { createIceCredentials } from "../../src/webrtc/ice/credentials.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";
import { HealthyWhep } from "../../testing/healthy_whep.ts";
import { publishVideoOnly } from "./video_only_publisher.ts";
import { checkFrames } from "../../testing/webrtc/whep_reception.ts";
import { createOffer, postOffer, WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const WERIFT = { sanitizeOps: false, sanitizeResources: false };
const ENDPOINT = "/live/healthy/whep";

interface Refusal {
  readonly name: string;
  readonly path?: string;
  readonly method?: string;
  readonly type?: string;
  readonly body?: string | Uint8Array<ArrayBuffer> | null;
  readonly status: number;
  readonly says: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  { name: "not live", path: "/live/nothing/whep", status: 404, says: /live\/nothing is not live/ },
  { name: "not live by query", path: "/rtc/v1/whep/?app=live&stream=x", status: 404, says: /live/ },
  { name: "no stream in the query", path: "/rtc/v1/whep/", status: 404, says: /not live/ },
  { name: "GET", method: "GET", body: null, status: 405, says: /use POST/ },
  { name: "DELETE of the endpoint", method: "DELETE", body: null, status: 405, says: /use POST/ },
  { name: "JSON", type: "application/json", status: 415, says: /application\/sdp/ },
  { name: "no type", type: "", status: 415, says: /application\/sdp/ },
  { name: "no SDP", body: "hello", status: 400, says: /Cannot/ },
  { name: "nothing", body: "", status: 400, says: /Cannot/ },
  { name: "bytes", body: Uint8Array.of(0, 255, 254, 128, 7), status: 400, says: /Cannot/ },
  { name: "oversized", body: "v=0\r\n".padEnd(64 * 1024 + 1, "a"), status: 413, says: /20480/ },
  {
    name: "no common codec",
    body: OFFERS.firefoxWithoutH264,
    status: 422,
    says: /(VP8[^]*H264|H\.?264[^]*VP8)/i,
  },
  { name: "an address that is none", path: `${ENDPOINT}?eip=nowhere`, status: 400, says: /eip/ },
  {
    name: "a header in it",
    path: `${ENDPOINT}?eip=1.1.1.1%0d%0aa=b`,
    status: 400,
    says: /U\+000D/,
  },
];

function ask(gateway: GatewayProcess, refusal: Partial<Refusal>): Promise<Response> {
  const { path = ENDPOINT, method = "POST", type = "application/sdp" } = refusal;
  const body = refusal.body === undefined ? OFFERS.chromium : refusal.body;
  const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
  const payload = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return fetch(gateway.httpUrl(path), { method, headers, body: payload });
}

Deno.test({
  name: "signalling: what is refused, and how it is said",
  ...WERIFT,
  fn: async (t) => {
    await using gateway = await startGateway({ args: ["--shards", "2"] });
    await using healthy = await HealthyWhep.start(gateway);
    for (const refusal of REFUSALS) {
      await t.step(refusal.name, async () => {
        const response = await ask(gateway, refusal);
        const text = await response.text();
        assertEquals(response.status, refusal.status, text);
        assertMatch(text, refusal.says);
        assertEquals(response.headers.get("access-control-allow-origin"), "*");
        // Who comes before the publisher is told to come again.
        assertEquals(response.headers.has("retry-after"), response.status === 404);
      });
    }
    await t.step("preflights", async () => {
      for (const path of [ENDPOINT, "/rtc/v1/whep/", `${ENDPOINT}/0.abc`]) {
        const response = await ask(gateway, { path, method: "OPTIONS", body: null });
        assertEquals([response.status, await response.text()], [204, ""]);
        assertEquals(response.headers.get("access-control-allow-origin"), "*");
        assertEquals(
          response.headers.get("access-control-allow-methods"),
          path.endsWith(".abc") ? "GET, HEAD, PATCH, DELETE, OPTIONS" : "POST, OPTIONS",
        );
        assertMatch(response.headers.get("access-control-expose-headers")!, /location/);
        assertEquals(
          response.headers.get("access-control-allow-headers"),
          "*, authorization, content-type, if-match",
        );
      }
    });
    await t.step("nobody's viewers", async () => {
      for (const id of ["0.abc", "1.abc", "77.abc", "999.abc", "abc", "0", "0."]) {
        for (const method of ["DELETE", "PATCH"]) {
          const response = await ask(gateway, { path: `${ENDPOINT}/${id}`, method, body: "x" });
          await response.body?.cancel();
          assertEquals(response.status, 404, `${method} ${id}`);
        }
      }
    });
    await healthy.check();
    const { counters } = await gateway.status();
    assertEquals([counters.webrtcViewers, counters.webrtcViewersAccepted], [2, 2]);
  },
});

Deno.test({
  name: "signalling: the path of SRS, and addresses that the request names",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _healthy = await HealthyWhep.start(gateway);
    const srs = "/rtc/v1/whep/?app=live&stream=healthy";
    {
      await using viewer = await WhepViewer.join(gateway, { endpoint: srs });
      checkFrames(viewer.frames().slice(0, 1));
      const told = await (await fetch(viewer.resource)).json();
      assertEquals(told.transport, "udp");
      assert(told.packetsSent > 0 && told.reception.tracks.length === 2, JSON.stringify(told));
      assertEquals(await viewer.delete(), 200);
    }
    for (
      const [query, hosts] of [
        ["eip=192.0.2.1", ["192.0.2.1"]],
        ["eip=192.0.2.1,192.0.2.3", ["192.0.2.1", "192.0.2.3"]],
        ["eip=192.0.2.1&eip=192.0.2.2", ["192.0.2.1", "192.0.2.2"]],
      ] as const
    ) {
      const { response, body } = await postOffer(gateway, { endpoint: `${srs}&${query}` });
      assertEquals(response.status, 201, body);
      const { candidates } = readWhepAnswer(body);
      const port = gateway.webrtcPorts[0]!;
      assertEquals(
        candidates.map(({ transport, address, port }) => `${transport} ${address} ${port}`).sort(),
        hosts.flatMap((host) => [`tcp ${host} ${port}`, `udp ${host} ${port}`]).sort(),
      );
    }
  },
});

Deno.test({
  name: "signalling: a proxy may serve it under a path of its own",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _healthy = await HealthyWhep.start(gateway);
    const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { pathname, search } = new URL(request.url);
      const path = pathname.replace(/^\/media\/one/, "");
      return fetch(gateway.httpUrl(path + search), new Request(request));
    });
    const proxied = {
      httpUrl: (path: string) => `http://127.0.0.1:${proxy.addr.port}/media/one${path}`,
    };
    try {
      for (
        const endpoint of [
          ENDPOINT,
          "/rtc/v1/whep/?app=live&stream=healthy",
          "/rtc/v1/whep?app=live&stream=healthy",
        ]
      ) {
        await using viewer = await WhepViewer.join(proxied, { endpoint });
        assertMatch(viewer.resource, /:\d+\/media\/one\//);
        assertEquals(await viewer.delete(), 200, endpoint);
      }
    } finally {
      await proxy.shutdown();
    }
  },
});

Deno.test({
  name: "signalling: too many viewers from one address are asked to come again",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "1"],
      config: { limits: { webrtcViewersPerAddress: 3 } },
    });
    await using _healthy = await HealthyWhep.start(gateway);
    const third = await postOffer(gateway);
    assertEquals(third.response.status, 201, third.body);
    const refused = await postOffer(gateway);
    assertEquals([refused.response.status, refused.response.headers.get("retry-after")], [
      503,
      "2",
    ]);
    assertMatch(refused.body, /^One address may have up to 3 viewers$/m);
    const resource = new URL(third.response.headers.get("location")!, third.response.url);
    await (await fetch(resource, { method: "DELETE" })).body?.cancel();
    const again = await postOffer(gateway);
    assertEquals(again.response.status, 201, again.body);
    const { counters } = await gateway.status();
    assertEquals([counters.webrtcViewers, counters.webrtcViewersRefused], [3, 1]);
  },
});

Deno.test({
  name: "signalling: too many viewers are asked to come again",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "2"],
      config: { limits: { webrtcViewers: 4 } },
    });
    await using healthy = await HealthyWhep.start(gateway);
    await using third = await WhepViewer.join(gateway);
    await using _fourth = await WhepViewer.join(gateway);
    const { response, body } = await postOffer(gateway);
    assertEquals(response.status, 503, body);
    assert(Number(response.headers.get("retry-after")) > 0);
    assertMatch(body, /^There may be up to 4 viewers$/m);
    assertEquals(await third.delete(), 200);
    await using _fifth = await WhepViewer.join(gateway);
    await healthy.checkAll();
  },
});

Deno.test({
  name: "signalling: trickled candidates, and an ICE restart with media going on",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _healthy = await HealthyWhep.start(gateway);
    await using viewer = await WhepViewer.join(gateway);
    const fragment = (local: { ufrag: string; password: string }) =>
      `a=ice-ufrag:${local.ufrag}\r\na=ice-pwd:${local.password}\r\n`;
    const trickled = fragment(viewer.local) + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" +
      "a=candidate:1 1 udp 2122260223 203.0.113.1 61764 typ host\r\na=end-of-candidates\r\n";
    const etag = (await postOffer(gateway)).response.headers.get("etag")!;
    for (
      const [headers, status] of [
        [{}, 204],
        [{ "if-match": "*" }, 204],
        [{ "if-match": viewer.etag }, 204],
        [{ "if-match": `W/${viewer.etag}` }, 204],
        [{ "if-match": `${etag}, ${viewer.etag}` }, 204],
        [{ "if-match": etag }, 412],
        [{ "if-match": `${etag}, "another"` }, 412],
        [{ "content-type": "text/plain" }, 415],
      ] as const
    ) {
      const response = await viewer.patch(trickled, headers);
      await response.body?.cancel();
      assertEquals(response.status, status, JSON.stringify(headers));
    }
    const unreadable = trickled.replace("a=candidate:1", "a=candidate:candidate:1");
    const skipped = await viewer.patch(unreadable, { "if-match": "*" });
    await skipped.body?.cancel();
    assertEquals(skipped.status, 204);
    const broken = await viewer.patch("hello", { "if-match": "*" });
    assertEquals([broken.status, /Cannot/.test(await broken.text())], [400, true]);

    const local = createIceCredentials((length) => crypto.getRandomValues(new Uint8Array(length)));
    const restarted = await viewer.patch(fragment(local), { "if-match": "*" });
    assertEquals(restarted.status, 200);
    const answered = await restarted.text();
    const remote = {
      ufrag: /a=ice-ufrag:(\S+)/.exec(answered)![1]!,
      password: /a=ice-pwd:(\S+)/.exec(answered)![1]!,
    };
    assertNotEquals(remote, viewer.remote);
    assertMatch(answered, /a=candidate:/);
    // The old ones hold until the new ones are used.
    const consents = viewer.consents;
    await until("checks with the old names are answered", () => viewer.consents > consents);
    const before = viewer.video!.packets.length;
    viewer.local = local;
    viewer.remote = remote;
    await until("checks with the new names are answered", () => viewer.consents > consents + 2);
    await until("media goes on", () => viewer.video!.packets.length > before + 50);
    checkFrames(viewer.frames());
    const first = fragment({
      ufrag: "another",
      password: "another password of 24".padEnd(24, "x"),
    });
    for (const body of [fragment(local), first.replaceAll(" ", "+")]) {
      const after = await viewer.patch(body, { "if-match": viewer.etag });
      await after.body?.cancel();
      assertEquals(after.status, 412);
    }
  },
});

Deno.test({
  name: "signalling: a request finds its viewer from whichever shard it comes to",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({ args: ["--shards", "2"] });
    await using healthy = await HealthyWhep.start(gateway);
    await using viewer = await WhepViewer.join(gateway);
    // The kernel gives half of the connections to the other shard: none in 16 is no accident.
    for (let round = 0; round < 16; round++) {
      assertEquals(await askOnce(viewer.resource, "PATCH", viewer.local), 204);
      assertEquals(await askOnce(`${viewer.resource}0`, "DELETE", viewer.local), 404);
    }
    const leaving = await Promise.all(Array.from({ length: 12 }, () => WhepViewer.join(gateway)));
    for (const one of leaving) {
      assertEquals(await askOnce(one.resource, "DELETE", one.local), 200);
      await until("the viewer is told", () => one.isToldOfEnd);
      await one[Symbol.asyncDispose]();
    }
    await healthy.checkAll();
    assertEquals((await gateway.status()).gateway.shardRestarts, 0);
  },
});

/** Over a connection of its own, which the kernel gives to any shard. */
async function askOnce(
  target: string,
  method: string,
  { ufrag, password }: { ufrag: string; password: string },
): Promise<number> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const body = `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${password}\r\n`;
  const response = await fetch(target, {
    method,
    client,
    headers: { "content-type": "application/trickle-ice-sdpfrag" },
    body: method === "PATCH" ? body : null,
  });
  await response.body?.cancel();
  client.close();
  return response.status;
}

Deno.test({
  name: "signalling: a stream that ends before it tells what it has is not live",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "1"],
      config: { gracePeriodMs: 0, timeouts: { trackSettleMs: 10_000 } },
    });
    const publisher = await publishVideoOnly(gateway.rtmpPort, "live/late");
    await until("the stream is known", () => gateway.stream("live/late"));
    const replying = postOffer(gateway, { path: "live/late" });
    await delay(300);
    await publisher[Symbol.asyncDispose]();
    const { response, body } = await replying;
    assertEquals(response.status, 404, body);
    const { counters } = await gateway.status();
    assertEquals([counters.webrtcViewers, counters.viewers], [0, 0]);
  },
});

Deno.test({
  name: "signalling: a viewer that comes when packets are about to be let go of is served",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "1"],
      config: { timeouts: { trackSettleMs: 6000 } },
    });
    await using _publisher = await publishVideoOnly(gateway.rtmpPort, "live/late");
    await until("the stream is known", () => gateway.stream("live/late"));
    const path = "live/late";
    const tooEarly = await postOffer(gateway, { path });
    assertEquals(tooEarly.response.status, 503, tooEarly.body);
    await delay(1000);
    // Its answer comes after more than five seconds without a viewer.
    await using viewer = await WhepViewer.join(gateway, { path });
    await until("there are pictures", () => viewer.frames().length > 25);
    checkFrames(viewer.frames());
  },
});

Deno.test({
  name: "signalling: offers all at once exceed no limit, even if the stream tells late what it has",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "2"],
      config: { limits: { webrtcViewersPerAddress: 10 }, timeouts: { trackSettleMs: 2000 } },
    });
    await using _publisher = await publishVideoOnly(gateway.rtmpPort, "live/late");
    await until("the stream is known", () => gateway.stream("live/late"));
    const { sdp } = createOffer();
    const replies = await Promise.all(
      Array.from({ length: 40 }, () => postOffer(gateway, { path: "live/late", offer: () => sdp })),
    );
    const statuses = replies.map(({ response }) => response.status);
    const accepted = statuses.filter((status) => status === 201).length;
    assert(statuses.every((status) => status === 201 || status === 503), `${statuses}`);
    // Shards do not wait for each other: each may let one in with the last place.
    assert(accepted > 0 && accepted <= 11, `${accepted} are accepted`);
  },
});
