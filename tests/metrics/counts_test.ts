import { assert, assertEquals, assertMatch } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { currentCertificate } from "../../testing/certificates.ts";
import { inspectCertificate } from "../../src/tls/certificate.ts";
import { type CertificatePair, createSelfSigned } from "../../src/tls/self_signed.ts";
import { ManyPublishers } from "../interop/many_publishers.ts";
import { parseSamples, type Samples } from "./samples.ts";
import { goWrong, WatchedStream } from "./traffic.ts";

/** Scrapes over a connection of its own, which the kernel gives to any shard. */
async function scrape(
  { httpUrl }: Pick<GatewayProcess, "httpUrl">,
  headers: Record<string, string> = {},
): Promise<Response> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  return await fetch(httpUrl("/metrics"), { client, headers });
}

async function samples(gateway: Pick<GatewayProcess, "httpUrl">): Promise<Samples> {
  const response = await scrape(gateway);
  assertEquals(response.status, 200);
  return parseSamples(await response.text());
}

/** Waits until series have these values, and returns all that is told then. */
async function untilTold(
  gateway: Pick<GatewayProcess, "httpUrl">,
  expected: Readonly<Record<string, number>>,
): Promise<Samples> {
  let told = await samples(gateway);
  const differing = () =>
    Object.entries(expected).filter(([series, value]) => told.values.get(series) !== value)
      .map(([series]) => [series, told.values.get(series)]);
  try {
    await until("the metrics are as expected", async () => {
      told = await samples(gateway);
      return differing().length === 0;
    });
  } catch {
    assertEquals(differing(), []);
  }
  return told;
}

Deno.test("metrics: they are what was done, at whichever shard one asks", async () => {
  await using gateway = await startGateway({ args: ["--shards", "2", "--tls", "self-signed"] });
  const before = (await samples(gateway)).values;
  assertEquals(before.get("sluice_viewers"), 0);
  await using stream = await WatchedStream.start(gateway);
  await goWrong(gateway);
  const during = await untilTold(gateway, {
    'sluice_streams{state="live"}': 1,
    'sluice_streams{state="waiting"}': 0,
    "sluice_viewers": 4,
    'sluice_protocol_viewers{protocol="http-flv"}': 1,
    'sluice_protocol_viewers{protocol="ws-flv"}': 1,
    'sluice_protocol_viewers{protocol="rtmp"}': 1,
    'sluice_protocol_viewers{protocol="whep"}': 1,
    'sluice_viewers_accepted_total{protocol="flv"}': 2,
    'sluice_viewers_accepted_total{protocol="rtmp"}': 1,
    'sluice_viewers_accepted_total{protocol="whep"}': 1,
    'sluice_publishes_total{decision="accepted"}': 1,
    'sluice_publishes_total{decision="refused"}': 0,
    'sluice_malformed_total{protocol="rtmp"}': 1,
    'sluice_malformed_total{protocol="http"}': 1,
    'sluice_http_responses_total{status="400"}': 1,
    'sluice_http_responses_total{status="401"}': 1,
    'sluice_http_responses_total{status="101"}': 1,
    'sluice_join_seconds_count{protocol="http-flv"}': 1,
    'sluice_join_seconds_count{protocol="ws-flv"}': 1,
    'sluice_join_seconds_count{protocol="rtmp"}': 1,
    'sluice_join_seconds_count{protocol="whep"}': 1,
    'sluice_access_decisions_total{action="api",protocol="http",decision="refuse"}': 1,
    "sluice_transcoding_streams": 1,
  });
  for (const protocol of ["rtmp", "http", "webrtc"]) {
    assert(during.values.get(`sluice_sent_bytes_total{protocol="${protocol}"}`)! > 1000, protocol);
  }
  for (const thread of ["shard-0", "shard-1", "control", "transcoder"]) {
    assert(during.values.has(`sluice_thread_cpu_seconds_total{thread="${thread}"}`), thread);
  }
  assert(during.values.get('sluice_memory_used_bytes{use="logs"}')! > 0);
  const expiryS = during.values.get("sluice_tls_certificate_expiry_timestamp_seconds")!;
  assert(Math.abs(expiryS - Date.now() / 1000 - 365 * 86_400) < 7200, `${expiryS}`);

  await stream[Symbol.asyncDispose]();
  const after = await untilTold(gateway, {
    "sluice_viewers": 0,
    'sluice_protocol_viewers{protocol="http-flv"}': 0,
    'sluice_streams{state="live"}': 0,
    'sluice_streams{state="waiting"}': 1,
    'sluice_viewers_accepted_total{protocol="flv"}': 2,
  });
  const received = 'sluice_received_bytes_total{protocol="rtmp"}';
  assert(after.values.get(received)! >= during.values.get(received)!);
});

Deno.test("metrics: no name that a client chooses is in them, and none makes more of them", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const names = ['a"} 1', "b\\", "sluice_viewers 9"].map((name) => encodeURIComponent(name));
  const before = (await samples(gateway)).values.size;
  using _publishers = await ManyPublishers.start(gateway.rtmpPort, 20, 'evil"} 1 ');
  for (const name of [...names, ...names.map((name) => `${name}${name}`)]) {
    const response = await fetch(gateway.httpUrl(`/live/${name}.flv`), {
      headers: { "user-agent": `${name}-agent` },
    });
    await response.body?.cancel();
  }
  const told = await untilTold(gateway, { 'sluice_streams{state="live"}': 20 });
  const text = [...told.values.keys()].join("\n");
  assert(!/evil|agent|%22|live\//.test(text), text);
  // One series for each status and decision, and the buckets of a histogram of decisions.
  assert(told.values.size < before + 60, `${told.values.size} after ${before}`);
});

Deno.test("metrics: who may read them", async () => {
  const metrics = { token: "a-token-for-prometheus", addresses: ["192.0.2.0/24"] };
  const adminToken = "the-administrator's-own";
  const config = { shards: 1, adminToken, metrics, trustedProxies: ["127.0.0.1"] };
  await using gateway = await startGateway({ config });
  const status = async (headers: Record<string, string>) => {
    const response = await scrape(gateway, headers);
    const text = await response.text();
    assertEquals(text.includes("sluice_viewers"), response.status === 200);
    return response.status;
  };
  assertEquals(await status({}), 401);
  assertEquals(await status({ authorization: `Bearer ${metrics.token}` }), 200);
  assertEquals(await status({ authorization: `Basic ${btoa(`any:${metrics.token}`)}` }), 200);
  assertEquals(await status({ authorization: `Bearer ${adminToken}` }), 200);
  assertEquals(await status({ authorization: "Bearer a-token-for-prometheuS" }), 401);
  // What a trusted proxy says that it serves.
  assertEquals(await status({ "x-forwarded-for": "192.0.2.9" }), 200);
  assertEquals(await status({ "x-forwarded-for": "198.51.100.9" }), 401);
  // The metrics' token is for nothing else.
  const headers = { authorization: `Bearer ${metrics.token}` };
  const response = await fetch(gateway.httpUrl("/api/v1/streams"), { headers });
  await response.body?.cancel();
  assertEquals(response.status, 401);

  const changed = { ...metrics, token: "another-token-for-it", addresses: [] };
  const reload = await fetch(gateway.httpUrl("/api/v1/config"), {
    method: "PUT",
    headers: { "authorization": `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ metrics: changed }),
  });
  assertEquals(reload.status, 200, await reload.text());
  await until("the new token is known", async () => {
    return await status({ authorization: `Bearer ${changed.token}` }) === 200;
  });
  assertEquals(await status({ authorization: `Bearer ${metrics.token}` }), 401);
  assertEquals(await status({ "x-forwarded-for": "192.0.2.9" }), 401);
  for (const { token } of [metrics, changed]) assert(!gateway.output().includes(token));
});

Deno.test("metrics: the certificate's expiry is that of the one which is shown", async () => {
  const adminToken = "the-administrator's-own";
  const config = { shards: 1, adminToken, tls: currentCertificate("first.example") };
  await using gateway = await startGateway({ config });
  const authorization = `Bearer ${adminToken}`;
  const untilExpiry = (tls: CertificatePair) => {
    const expiryS = inspectCertificate(tls).validToMs / 1000;
    return until("the expiry is told", async () => {
      const { values } = parseSamples(await (await scrape(gateway, { authorization })).text());
      return values.get("sluice_tls_certificate_expiry_timestamp_seconds") === expiryS;
    });
  };
  await untilExpiry(config.tls);
  const nowMs = Date.now();
  const renewed = createSelfSigned({
    names: ["second.example"],
    notBeforeMs: nowMs,
    notAfterMs: nowMs + 1e9,
    serialNumber: crypto.getRandomValues(new Uint8Array(16)),
  });
  const reload = await fetch(gateway.httpUrl("/api/v1/config"), {
    method: "PUT",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ tls: renewed }),
  });
  assertEquals(reload.status, 200, await reload.text());
  await untilExpiry(renewed);
});

Deno.test("metrics: without a token, they are for who sits at the machine", async () => {
  await using gateway = await startGateway({ config: { shards: 1 } });
  const open = await scrape(gateway);
  assertEquals(open.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  await open.body?.cancel();
  for (
    const headers of [
      { "x-forwarded-for": "127.0.0.1" },
      { origin: "https://elsewhere.example" },
    ]
  ) {
    const response = await scrape(gateway, headers);
    assertEquals(response.status, 403);
    await response.body?.cancel();
  }
});

Deno.test("metrics: many scrapes at once are one, and one costs the same for 1,000 streams", async () => {
  const limits = { streamsPerAddress: 1000, rtmpNewcomersPerAddress: 500 };
  await using gateway = await startGateway({ config: { shards: 1, limits } });
  const measure = async () => {
    const texts = new Set<string>();
    const sinceMs = performance.now();
    await Promise.all(Array.from({ length: 50 }, async () => {
      texts.add(await (await fetch(gateway.httpUrl("/metrics"))).text());
    }));
    return { texts, ms: performance.now() - sinceMs };
  };
  const few = await measure();
  // What was made is good for a second; one may have been made before.
  assert(few.texts.size <= 2 + few.ms / 1000, `${few.texts.size} in ${few.ms} ms`);
  using _publishers = await ManyPublishers.start(gateway.rtmpPort, 1000);
  const told = await untilTold(gateway, { 'sluice_streams{state="live"}': 1000 });
  assert(told.values.size < 400, `${told.values.size} series`);
  const many = await measure();
  assert(many.texts.size <= 2 + many.ms / 1000, `${many.texts.size} in ${many.ms} ms`);
  const [one, other] = [few, many].map(({ texts }) =>
    Math.max(...[...texts].map((text) => text.length))
  );
  assert(other! < one! * 1.5, `${one} characters, then ${other}`);
  assertMatch(gateway.output(), /Ready/);
});
