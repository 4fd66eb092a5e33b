import { assert, assertEquals, assertMatch } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { encodeSample } from "./ffmpeg.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";

const MAX_VIEWERS = 3;

/** What any page may rely on, whatever the answer. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, OPTIONS",
  "access-control-allow-headers": "*, authorization, content-type, if-match",
};

interface Exchange {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: RegExp;
}

const LIVE = "/live/http.flv";

const EXCHANGES: readonly Exchange[] = [
  {
    name: "HEAD of a live stream",
    method: "HEAD",
    path: LIVE,
    status: 200,
    headers: {
      "content-type": "video/x-flv",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
    body: /^$/,
  },
  { name: "HEAD of no stream", method: "HEAD", path: "/live/none.flv", status: 404, body: /^$/ },
  { name: "OPTIONS", method: "OPTIONS", path: LIVE, status: 204, body: /^$/ },
  {
    name: "OPTIONS for no stream, which may come",
    method: "OPTIONS",
    path: "/live/none.flv",
    status: 204,
    body: /^$/,
  },
  {
    name: "GET of no stream",
    method: "GET",
    path: "/live/none.flv",
    status: 404,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: /^The stream live\/none is not live\n$/,
  },
  {
    name: "GET of an impossible path",
    method: "GET",
    path: "/live/%E0%A4%A.flv",
    status: 404,
    body: /There is nothing at/,
  },
  {
    name: "POST",
    method: "POST",
    path: LIVE,
    status: 405,
    headers: { allow: "GET, HEAD, OPTIONS" },
    body: /^Cannot POST here: use GET or HEAD\n$/,
  },
  { name: "DELETE", method: "DELETE", path: LIVE, status: 405, body: /^Cannot DELETE here/ },
  {
    name: "neither track",
    method: "GET",
    path: `${LIVE}?audio=0&video=0`,
    status: 400,
    body: /nothing to send with audio=0 and video=0/,
  },
];

peerTest("HTTP answers say what is the matter", ["ffmpeg", "curl"], async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  using _publisher = await publish(gateway);
  for (const { name, method, path, status, headers, body } of EXCHANGES) {
    await t.step(name, async () => {
      const origin = { origin: "http://elsewhere.example" };
      const response = await fetch(gateway.httpUrl(path), { method, headers: origin });
      assertMatch(await response.text(), body);
      assertEquals(response.status, status);
      for (const [header, value] of Object.entries({ ...CORS, ...headers })) {
        assertEquals(response.headers.get(header), value, header);
      }
    });
  }
  await t.step("a WebSocket to no stream is refused", async () => {
    const socket = new WebSocket(gateway.httpUrl("/live/none.flv").replace("http", "ws"));
    const opened = await new Promise<boolean>((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onerror = (event) => {
        event.preventDefault();
        resolve(false);
      };
    });
    assertEquals(opened, false);
  });
  await t.step("an upgrade that a proxy has cut short is refused in words", async () => {
    const { stdout } = await runPeer("curl", [
      ...["-sS", "--max-time", "20", "-H", "Upgrade: websocket", "-w", "%{http_code}"],
      gateway.httpUrl(LIVE),
    ]);
    assertMatch(stdout, /^Cannot open a WebSocket: .*Connection.*\n400$/);
    assertEquals(gateway.output().includes("TypeError"), false, gateway.output());
  });
  const { counters } = await gateway.status();
  assertEquals([counters.viewersAccepted, counters.viewersRefused], [0, 0]);
});

peerTest("viewers past the limit are sent away for a while", ["ffmpeg"], async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { limits: { viewers: MAX_VIEWERS } },
  });
  using _publisher = await publish(gateway);
  const url = gateway.httpUrl(LIVE);
  const viewers = await Promise.all(Array.from({ length: MAX_VIEWERS - 1 }, () => fetch(url)));
  assertEquals(viewers.map(({ status }) => status), viewers.map(() => 200));
  const socket = new WebSocket(url.replace("http", "ws"));
  await new Promise((resolve) => socket.onmessage = resolve);

  const refused = await fetch(url);
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
  assertEquals(refused.headers.get("access-control-allow-origin"), "*");
  assertMatch(await refused.text(), /^There may be up to 3 viewers\n$/);
  const { counters } = await gateway.status();
  assertEquals([counters.viewers, counters.viewersRefused], [MAX_VIEWERS, 1]);

  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
  await until("a place is free", async () => (await gateway.status()).counters.viewers! < 3);
  const next = await fetch(url);
  assertEquals(next.status, 200);
  for (const { body } of [...viewers, next]) await body!.cancel();
  await until("all are gone", async () => (await gateway.status()).counters.viewers === 0);
});

/** A second of a stream, by a publisher that stays. */
async function publish(gateway: GatewayProcess): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", "http");
  assertEquals(await publisher.answer(), "NetStream.Publish.Start");
  await publisher.send(await encodeSample());
  assert(await until("it is live", async () => (await gateway.stream("live/http"))?.video));
  return publisher;
}
