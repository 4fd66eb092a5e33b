/** The API of the real program: what it answers, to whom, and what it ends. */
import SwaggerParser from "@apidevtools/swagger-parser";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import * as v from "valibot";
import { SCHEMAS } from "../../src/api/schemas.ts";
import type { ClientSummary } from "../../src/shard/http/api/client_summary.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";
import { SCHEMA_FILE } from "../../tools/config_schema.ts";
import { Encoder } from "../resilience/told_encoder.ts";
import { freePorts } from "./free_ports.ts";

const TOKEN = "0123456789abcdef-token";
const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` };

/** From the request to the end of whom it is about. */
const MAX_END_MS = 1000;

async function ask(gateway: GatewayProcess, path: string, method = "GET") {
  const url = gateway.httpUrl(`/api/v1/${path}`);
  const response = await fetch(url, { method, headers: AUTHORIZATION });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  return { status: response.status, text, body: isJson ? JSON.parse(text) : undefined };
}

async function clients(gateway: GatewayProcess): Promise<readonly ClientSummary[]> {
  return (await ask(gateway, "clients")).body.clients;
}

Deno.test("the schema of the configuration is served to everybody, as it is committed", async () => {
  await using gateway = await startGateway({ config: { adminToken: TOKEN } });
  const response = await fetch(gateway.httpUrl("/api/v1/config.schema.json"));
  assertEquals(response.status, 200);
  assertEquals(await response.json(), JSON.parse(Deno.readTextFileSync(SCHEMA_FILE)));
});

Deno.test("the API answers as its document says, which is one of OpenAPI", async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { adminToken: TOKEN },
  });
  await using _healthy = await HealthyStream.start(gateway);
  const document = (await ask(gateway, "openapi.json")).body;
  await SwaggerParser.validate(structuredClone(document));
  await until("the stream is described", async () => {
    return (await ask(gateway, "streams/live/healthy")).body?.stream.video !== null;
  });
  const id = (await clients(gateway))[0]!.id;
  const samples: Record<string, string> = { app: "live", name: "healthy", id };
  for (const [path, operations] of Object.entries<Record<string, object>>(document.paths)) {
    const target = path.replaceAll(/\{(\w+)\}/g, (_, name) => samples[name]!);
    await t.step(path, async () => {
      const url = gateway.httpUrl(target);
      const options = await fetch(url, { method: "OPTIONS" });
      await options.body?.cancel();
      const allowed = options.headers.get("allow")!.split(", ");
      for (const method of Object.keys(operations)) assert(allowed.includes(method.toUpperCase()));
      if (!("get" in operations)) return;
      const response = await fetch(url, { headers: AUTHORIZATION });
      assertEquals(response.status, 200);
      const { content } = document.paths[path].get.responses[200];
      const [[type, { schema }]] = Object.entries(content) as [
        [string, { schema: { $ref?: string } }],
      ];
      assertEquals(response.headers.get("content-type")?.split(";")[0], type);
      if (schema.$ref === undefined) return await response.body?.cancel();
      const name = schema.$ref.split("/").at(-1) as keyof typeof SCHEMAS;
      v.parse(SCHEMAS[name], await response.json());
    });
  }
});

Deno.test("names are text in every answer, whatever they are", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { adminToken: TOKEN },
  });
  for (const name of ['a"}],"x":[{"b', "<script>alert(1)</script>", "data: x", "é{}%20", "a'b"]) {
    using _encoder = await Encoder.publish(gateway, { name });
    const path = `live/${name}`.split("/").map(encodeURIComponent).join("/");
    await until(`${name} is told of`, async () => {
      return (await ask(gateway, `streams/${path}`)).status === 200;
    });
    const { stream } = (await ask(gateway, `streams/${path}`)).body;
    assertEquals(`${stream.app}/${stream.name}`, `live/${name}`);
    const lists = ["streams", "live", "clients"].map(async (list) =>
      (await ask(gateway, list)).body
    );
    for (const list of await Promise.all(lists)) assertEquals(list.total, 1);
    assertEquals((await ask(gateway, `streams/${path}`, "DELETE")).status, 200);
    await until("it is gone", async () => (await ask(gateway, "streams")).body.total === 0);
  }
  for (const path of ["streams/live/a%0d%0ax:y", "clients/0-a%0d%0ax:y", "live?page=%0a"]) {
    const { status, text } = await ask(gateway, path);
    assertEquals(status, 400, path);
    assertMatch(text, /^Cannot take the request's target: .*U\+000[AD]\n$/);
  }
});

Deno.test("whoever is kicked is gone within a second, from any shard, and so is a stream", async (t) => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { adminToken: TOKEN },
  });
  const within = async (what: string, isSo: () => boolean | Promise<boolean>, sinceMs: number) => {
    await until(what, isSo);
    const spentMs = performance.now() - sinceMs;
    assert(spentMs < MAX_END_MS, `${what}: after ${spentMs} ms`);
  };
  const kick = async ({ id }: ClientSummary) => {
    const sinceMs = performance.now();
    v.parse(SCHEMAS.Done, (await ask(gateway, `clients/${id}`, "DELETE")).body);
    await within(`${id} is gone`, async () => {
      return (await ask(gateway, `clients/${id}`)).status === 404;
    }, sinceMs);
  };
  await t.step("viewers of each protocol", async () => {
    await using _healthy = await HealthyStream.start(gateway);
    using player = await RtmpPlayerClient.connect(gateway.rtmpPort);
    await player.command(1, "play", "healthy", -2);
    await until("the player gets media", () => player.media.length > 0);
    const found = await clients(gateway);
    const viewers = found.filter(({ action }) => action === "play");
    assertEquals(viewers.map(({ protocol }) => protocol).sort(), ["http-flv", "rtmp", "ws-flv"]);
    for (const viewer of viewers) await kick(viewer);
    assertEquals((await clients(gateway)).map(({ action }) => action), ["publish"]);
  });
  await t.step("a publisher, which is told", async () => {
    using encoder = await Encoder.publish(gateway, { name: "kicked" });
    const publisher = (await clients(gateway)).find(({ path }) => path === "live/kicked")!;
    assertEquals([publisher.action, publisher.protocol], ["publish", "rtmp"]);
    await kick(publisher);
    await until("it is told", () => encoder.codes.includes("NetStream.Publish.Rejected"));
    await until("its connection is ended", () => encoder.isEnded);
  });
  await t.step("a stream, with its publisher and viewers", async () => {
    using encoder = await Encoder.publish(gateway, { name: "ended" });
    const watching = await fetch(gateway.httpUrl("/live/ended.flv"));
    const sinceMs = performance.now();
    v.parse(SCHEMAS.Done, (await ask(gateway, "streams/live/ended", "DELETE")).body);
    await within("the viewer is over", async () => {
      await watching.bytes();
      return true;
    }, sinceMs);
    await within("the encoder is told", () => {
      return encoder.codes.includes("NetStream.Publish.Rejected");
    }, sinceMs);
    assertEquals((await ask(gateway, "streams/live/ended")).status, 404);
    using again = await Encoder.publish(gateway, { name: "ended" });
    assertEquals(again.isEnded, false);
  });
  await t.step("what is not there", async () => {
    for (
      const path of ["clients/0-zzzzzz", "clients/99-zzzzzz", "clients/x", "streams/live/none"]
    ) {
      assertEquals((await ask(gateway, path)).status, 404, path);
      assertEquals((await ask(gateway, path, "DELETE")).status, 404, path);
    }
  });
  assertMatch(gateway.output(), /has published live\/kicked over rtmp for .*ended by an admin/);
  assertEquals(gateway.output().includes(TOKEN), false);
});

/** Whoever may not: what curl says, and the statuses without a token configured and with one. */
const CALLERS: readonly [name: string, curl: readonly string[], open: number, guarded: number][] = [
  ["from this machine", [], 200, 401],
  ["by a name of it", ["-H", "Host: localhost:1"], 200, 401],
  ["by a name that points here", ["-H", "Host: rebound.example"], 403, 401],
  ["a page elsewhere", ["-H", "Origin: http://elsewhere.example"], 403, 403],
  [
    "a page elsewhere, with the token",
    [
      ...["-H", "Origin: http://elsewhere.example", "-H", `Authorization: Bearer ${TOKEN}`],
    ],
    403,
    403,
  ],
  ["a page that is named", ["-H", "Origin: https://named.example"], 403, 401],
  [
    "a page that is named, with the token",
    [
      ...["-H", "Origin: https://named.example", "-H", `Authorization: Bearer ${TOKEN}`],
    ],
    401,
    200,
  ],
  ["through a proxy", ["-H", "X-Forwarded-For: 127.0.0.1"], 403, 401],
  ["through another proxy", ["-H", "Forwarded: for=127.0.0.1"], 403, 401],
  ["for another host", ["-H", "X-Forwarded-Host: localhost"], 403, 401],
  ["with the PROXY protocol", ["--haproxy-protocol"], 403, 401],
  ["a wrong token", ["-H", "Authorization: Bearer wrong"], 401, 401],
  ["the token", ["-H", `Authorization: Bearer ${TOKEN}`], 401, 200],
  ["as a password", ["-u", `anybody:${TOKEN}`], 401, 200],
  ["another scheme", ["-H", "Authorization: Digest x"], 401, 401],
  ["DELETE from this machine", ["-X", "DELETE"], 403, 401],
  ["DELETE with the token", ["-X", "DELETE", "-H", `Authorization: Bearer ${TOKEN}`], 401, 404],
];

peerTest("who may use the API, without a token and with one", ["curl"], async (t) => {
  const config = {
    trustedProxies: ["127.0.0.1"],
    corsOrigins: ["*", "https://named.example"],
  };
  await using open = await startGateway({ args: ["--shards", "1"], config });
  await using guarded = await startGateway({
    args: ["--shards", "1"],
    config: { ...config, adminToken: TOKEN },
  });
  for (const [name, curl, ...statuses] of CALLERS) {
    await t.step(name, async () => {
      const answers = await Promise.all([open, guarded].map(async (gateway) => {
        const isDelete = curl.includes("DELETE");
        const path = isDelete ? "/api/v1/streams/live/none" : "/api/v1/streams";
        const { stdout } = await runPeer("curl", [
          ...["-sS", "--max-time", "20", "-o", "/dev/null", "-w"],
          "%{http_code} %header{access-control-allow-origin}",
          ...curl,
          gateway.httpUrl(path),
        ]);
        return stdout.trim().split(" ");
      }));
      assertEquals(answers.map(([status]) => Number(status)), statuses);
      const told = name.startsWith("a page that is named") ? "https://named.example" : undefined;
      assertEquals(answers.map(([, origin]) => origin), [told, told]);
    });
  }
  await t.step("nothing of a token is in the log", () => {
    assertEquals((open.output() + guarded.output()).includes(TOKEN), false);
  });
});

Deno.test("an address of its own: the API is there, and nowhere else", async () => {
  using probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  await using gateway = await startGateway({
    args: ["--shards", "2", "--admin-listen", `127.0.0.1:${port}`],
  });
  const statusOf = async (url: string) => {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.status;
  };
  for (
    const [path, here, there] of [
      ["/api/v1/streams", 404, 200],
      ["/metrics", 404, 200],
      ["/healthz", 200, 200],
      ["/api/v1/live", 200, 404],
      ["/", 200, 404],
    ] as const
  ) {
    assertEquals(await statusOf(gateway.httpUrl(path)), here, path);
    assertEquals(await statusOf(`http://127.0.0.1:${port}${path}`), there, path);
  }
});

Deno.test("at an address of its own, the administrator gets in however many others there are", async () => {
  const [port] = freePorts(1);
  await using gateway = await startGateway({
    args: ["--shards", "1", "--admin-listen", `127.0.0.1:${port}`],
    config: { limits: { httpConnections: 3 } },
  });
  await using crowd = new AsyncDisposableStack();
  for (let at = 0; at < 3; at++) {
    const { status, body } = await fetch(gateway.httpUrl("/api/v1/live/events"));
    assertEquals(status, 200);
    crowd.defer(() => body!.cancel());
  }
  await assertRejects(() => fetch(gateway.httpUrl("/healthz")));
  const { status, body } = await fetch(`http://127.0.0.1:${port}/api/v1/streams`);
  await body?.cancel();
  assertEquals(status, 200);
});
