/** What OBS is told to publish in several qualities, and what comes of it: the real program. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as v from "valibot";
import { SCHEMAS } from "../../src/api/schemas.ts";
import { saltedHash } from "../../src/access/key_hash.ts";
import { currentCertificate } from "../../testing/certificates.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { IS_LONG } from "../../testing/long_form.ts";
import { renditionTrack } from "../../testing/media/rendition_track.ts";
import { obsRequest, obsRequest30 } from "../../testing/obs_request.ts";
import { hasPeers } from "../../testing/peers.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { until } from "../../testing/waiting.ts";
import { startObs } from "./obs.ts";

type Told = v.InferOutput<typeof SCHEMAS.MultitrackAnswer>;

const SECRET = "correct-horse-battery-staple";

function key(id: string, path: string) {
  return { id, hash: saltedHash(SECRET, new Uint8Array(16).fill(3)), paths: [path] };
}

const CONFIG = {
  access: {
    keys: [key("studio", "live/studio"), key("stage", "show/stage")],
    rules: [{ id: "anybody", decision: "allow", actions: ["play"] }],
  },
};

async function ask(
  url: string,
  request: unknown,
  { headers = {}, client }: {
    readonly headers?: Record<string, string>;
    readonly client?: Deno.HttpClient;
  } = {},
): Promise<Told> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof request === "string" ? request : JSON.stringify(request),
    ...(client && { client }),
  });
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(response.headers.get("cache-control"), "no-store");
  return v.parse(SCHEMAS.MultitrackAnswer, await response.json());
}

/** Publishes what it was told to, by RTMP. */
function publish(gateway: GatewayProcess, told: Told, streamKey: string) {
  const { url_template } = told.ingest_endpoints[0]!;
  const [, path] = /^rtmp:\/\/127\.0\.0\.1:\d+\/(.*)$/.exec(url_template)!;
  assertStringIncludes(url_template, `:${gateway.rtmpPort}/`);
  const [, ...others] = told.encoder_configurations;
  return SyntheticPublisher.connect(gateway.rtmpPort, {
    path: path!.replace(
      "{stream_key}",
      `${streamKey}?clientConfigId=${told.meta.config_id}`,
    ),
    frameRate: 30,
    groupFrames: 60,
    tracks: others.map((_, at) => renditionTrack(at + 1, { size: 600, groupFrames: 60 })),
  });
}

Deno.test("who may publish is told three qualities, and publishes them", async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "2"], config: CONFIG });
  const url = gateway.httpUrl("/obs/multitrack");
  const cases = [[obsRequest, "live", "studio"], [obsRequest30, "show", "stage"]] as const;
  for (const [request, app, name] of cases) {
    await t.step(`to ${app}`, async () => {
      const key = `${name}.${SECRET}`;
      const told = await ask(`${url}?app=${app}`, request(key));
      assertEquals(told.status, { result: "success" });
      assertEquals(told.encoder_configurations.length, 3);
      await using publisher = await publish(gateway, told, key);
      publisher.run();
      const stream = await until("all qualities are there", async () => {
        const stream = await gateway.stream(`${app}/${name}`);
        return stream?.tracks.length === 4 ? stream : undefined;
      });
      assertEquals(stream.subject, `key ${name}`);
    });
  }
  assertEquals((await gateway.status()).counters.httpBadRequests, 0);
});

Deno.test("who may not publish is told so as OBS shows it, and nothing else", async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1"], config: CONFIG });
  const url = gateway.httpUrl("/obs/multitrack");
  const NOTHING = {
    ingest_endpoints: [],
    encoder_configurations: [],
    audio_configurations: { live: [] },
  };
  const keys = [
    ...["studio", "none", "studio?token=a"],
    ...["studio.wrong-secret-of-it", "studio.mistyped!wrong-secret"],
  ];
  for (const key of keys) {
    await t.step(key, async () => {
      const { status, meta, ...rest } = await ask(url, obsRequest(key));
      assertEquals(status.result, "error");
      assertMatch(status.html_en_us!, /credentials/);
      assertEquals([meta.config_id, rest], ["", NOTHING]);
    });
  }
  await t.step("the log tells why, without the secret", () => {
    assertMatch(
      gateway.output(),
      /127\.0\.0\.1:\d+ is not told how to publish live\/none in several/,
    );
    assert(!gateway.output().includes("wrong-secret"));
  });
  const cases: readonly (readonly [body: unknown, reason: RegExp])[] = [
    ["{", /must be JSON/],
    [{}, /authentication/],
    [obsRequest(""), /stream name is empty/],
    [obsRequest("../x"), /characters that URLs do not have/],
    [obsRequest("x".repeat(257)), /256 characters, got 257/],
    [obsRequest("a\u0007b"), /text that can be seen/],
  ];
  for (const [body, reason] of cases) {
    const { status } = await ask(url, body);
    assertEquals([status.result, reason.test(status.html_en_us!)], ["error", true], `${reason}`);
  }
  const named = await ask(`${url}?encoder=a%20b`, obsRequest(`studio.${SECRET}`));
  assertMatch(named.status.html_en_us!, /\?encoder= must be/);
  const { counters } = await gateway.status();
  assertEquals(counters.httpBadRequests, cases.length + 1);
  await t.step("a body has a limit", async () => {
    const response = await fetch(url, { method: "POST", body: "x".repeat(20 * 1024 + 1) });
    await response.body?.cancel();
    assertEquals(response.status, 413);
  });
});

Deno.test("keys cannot be tried there as fast as they can be sent", async () => {
  const QUESTIONS = 100;
  await using gateway = await startGateway({ args: ["--shards", "1"], config: CONFIG });
  const url = gateway.httpUrl("/obs/multitrack");
  const sinceMs = performance.now();
  const reasons = await Promise.all(Array.from({ length: QUESTIONS }, async () => {
    const { status } = await ask(url, obsRequest("studio.wrong-secret-of-it"));
    return status.html_en_us!;
  }));
  const seconds = (performance.now() - sinceMs) / 1000;
  const tried = reasons.filter((reason) => reason.includes("credentials")).length;
  assert(tried >= 20 && tried <= 21 + 2 * seconds, `${tried} were tried in ${seconds} s`);
  const refused = QUESTIONS - tried;
  assertEquals(reasons.filter((reason) => reason.includes("try again later")).length, refused);
  const metrics = await (await fetch(gateway.httpUrl("/metrics"))).text();
  for (const [cause, count] of [["wrong key", tried], ["too many questions", refused]] as const) {
    const labels = `{protocol="rtmp",cause="${cause}"}`;
    assertStringIncludes(metrics, `sluice_access_refusals_total${labels} ${count}\n`);
  }
  await until("who has the key is told again", async () => {
    return (await ask(url, obsRequest(`studio.${SECRET}`))).status.result === "success";
  });
});

Deno.test("OBS is told to publish where it has asked, over TLS if it has", async (t) => {
  const { certificate, key } = currentCertificate("127.0.0.1", "localhost");
  const tls = { certificate, key };
  const config = { tls, trustedProxies: ["127.0.0.1"] };
  await using gateway = await startGateway({ args: ["--shards", "1"], config });
  using client = Deno.createHttpClient({ caCerts: [certificate] });
  const path = "/obs/multitrack?encoder=jim_nvenc";
  const { rtmpPort, rtmpsPort, httpsPort } = gateway;
  const urls = async (url: string, headers: Record<string, string> = {}) => {
    const told = await ask(url, obsRequest("test"), { headers, client });
    assertEquals(told.encoder_configurations[0]!.type, "jim_nvenc");
    return told.ingest_endpoints.map(({ protocol, url_template }) => `${protocol} ${url_template}`);
  };
  const both = (host: string) => [
    `RTMP rtmp://${host}:${rtmpPort}/live/{stream_key}`,
    `RTMPS rtmps://${host}:${rtmpsPort}/live/{stream_key}`,
  ];
  await t.step("by HTTP", async () => {
    assertEquals(await urls(gateway.httpUrl(path)), both("127.0.0.1"));
  });
  await t.step("by HTTPS", async () => {
    const told = await urls(`https://localhost:${httpsPort}${path}`);
    assertEquals(told, both("localhost").toReversed());
  });
  await t.step("by a trusted proxy", async () => {
    const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "live.example" };
    assertEquals(await urls(gateway.httpUrl(path), headers), both("live.example").toReversed());
  });
});

const OBS_TEST = "OBS publishes the three qualities that it is told";

Deno.test({
  name: OBS_TEST,
  // A desktop of its own, in a root of 1 GB.
  ignore: !IS_LONG || !hasPeers(OBS_TEST, ["obs 30", "Xvfb"]),
  fn: async () => {
    await using gateway = await startGateway({ config: CONFIG });
    const configUrl = gateway.httpUrl("/obs/multitrack");
    await using _obs = await startObs("auto", `studio.${SECRET}`, { configUrl });
    const stream = await until("all qualities are there", async () => {
      const stream = await gateway.stream("live/studio");
      const pictures = stream?.tracks.filter(({ kind }) => kind === "video") ?? [];
      const isKnown = pictures.length === 3 &&
        pictures.every((track) => "width" in track && track.width && track.keyFrameDistanceMs);
      return isKnown ? stream : undefined;
    }, { timeoutMs: 60_000 });
    const pictures = stream!.tracks.filter((track) => track.kind === "video");
    assertEquals(
      pictures.map(({ width, height, keyFrameDistanceMs }) => [width, height, keyFrameDistanceMs]),
      [[640, 360, 2000], [426, 240, 2000], [214, 120, 2000]],
    );
    assert(pictures.every(({ bFrames }) => bFrames === false));
  },
});
