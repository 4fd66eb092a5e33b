/** Large bodies, which only the administrator's configuration may have, and reserved applications. */
import { assertEquals, assertMatch } from "@std/assert";
import * as v from "valibot";
import { SCHEMAS } from "../../src/api/schemas.ts";
import { startHttpServer } from "../access/http_server.ts";
import { freePorts } from "../interop/free_ports.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";
import { Encoder } from "../resilience/told_encoder.ts";

const ADMIN = "the-token-of-the-operator";
const RESERVED = ["api", "rtc", "assets", "metrics", "healthz", "readyz", "obs"];
const LARGE = 3 * 1024 * 1024;

/** The status of the answer to a head alone: nothing of the body is ever sent. */
async function statusOfHead(port: number, ...lines: string[]): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = ["PUT /api/v1/config HTTP/1.1", "Host: localhost", ...lines].join("\r\n");
  await conn.write(new TextEncoder().encode(`${head}\r\n\r\n`));
  const buffer = new Uint8Array(64);
  const length = await conn.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0)).split(" ")[1] ?? "none";
}

Deno.test("a large body is refused before it comes, but to the administrator, where he is served", async () => {
  const [port] = freePorts(1) as [number];
  await using apart = await startGateway({
    args: ["--admin-listen", `127.0.0.1:${port}`],
    config: { adminToken: ADMIN },
  });
  await using here = await startGateway({ config: { adminToken: ADMIN } });
  const large = `Content-Length: ${LARGE}`;
  const token = `Authorization: Bearer ${ADMIN}`;
  const expect = "Expect: 100-continue";
  for (
    const [where, status, ...lines] of [
      [apart.httpPort, "405", large],
      [apart.httpPort, "405", large, token],
      [apart.httpPort, "405", "Transfer-Encoding: chunked", token],
      [here.httpPort, "401", large],
      [here.httpPort, "401", large, "Authorization: Bearer x", expect],
      [here.httpPort, "401", "Transfer-Encoding: chunked"],
      [here.httpPort, "100", large, token, expect],
      [port, "401", large],
      [port, "100", large, token, expect],
    ] as const
  ) assertEquals([await statusOfHead(where, ...lines), ...lines], [status, ...lines]);
  const body = JSON.stringify({ logLevel: "warning" }) + " ".repeat(LARGE);
  const headers = { authorization: `Bearer ${ADMIN}` };
  const response = await fetch(here.httpUrl("/api/v1/config"), { method: "PUT", headers, body });
  assertEquals(response.status, 200);
  v.parse(SCHEMAS.ConfigAnswer, await response.json());
});

Deno.test("nothing is published or played under reserved applications, in any protocol", async () => {
  await using gateway = await startGateway();
  for (const app of RESERVED) {
    using encoder = await Encoder.ask(gateway, { app, name: "a" });
    await until(`${app} is refused`, () => {
      return encoder.codes.includes("NetStream.Publish.Unauthorized");
    });
    for (const [method, path] of [["GET", `/${app}/a.flv`], ["POST", `/${app}/a/whep`]]) {
      const response = await fetch(gateway.httpUrl(path!), { method: method! });
      assertEquals(response.status, 403, path);
      assertMatch(await response.text(), new RegExp(`^The application ${app} is reserved\\.`));
    }
    using player = await RtmpPlayerClient.connect(gateway.rtmpPort, app);
    await player.command(1, "play", "a", -2);
    await player.hears("NetStream.Play.Failed on 1");
    assertEquals(player.sentences.at(-1), `The application ${app} is reserved.`);
  }
});

Deno.test("no hook renames a stream into a reserved application", async () => {
  let path = "";
  await using server = startHttpServer(() => Response.json({ code: 0, path }));
  const hooks = [{ url: server.url }];
  await using gateway = await startGateway({
    config: { adminToken: ADMIN, access: { hooks } },
  });
  for (const app of RESERVED) {
    path = `${app}/a`;
    using encoder = await Encoder.ask(gateway, { name: "a" });
    await until(`${app} is refused`, () => {
      return encoder.codes.includes("NetStream.Publish.Unauthorized");
    });
    const response = await fetch(gateway.httpUrl("/live/a.flv"));
    assertEquals(response.status, 403, app);
    await response.body?.cancel();
  }
  const headers = { authorization: `Bearer ${ADMIN}` };
  const list = await fetch(gateway.httpUrl("/api/v1/streams"), { headers });
  assertEquals((await list.json()).total, 0);
  path = "live/b";
  using encoder = await Encoder.publish(gateway, { name: "a" });
  assertEquals(encoder.isEnded, false);
});
