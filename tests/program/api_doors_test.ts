/** The API and the metrics, asked for by those who only seem to sit at this machine. */
import { assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { until } from "../../testing/waiting.ts";
import { api } from "./access_ways.ts";

const ADMIN = "the-token-of-the-operator";
const HERE = "Host: localhost";
const NGINX = "X-Forwarded-For: 192.0.2.1";

/** The status of an answer to a request as it is written. */
async function statusOf({ httpPort }: GatewayProcess, ...lines: string[]): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: httpPort });
  await conn.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  const buffer = new Uint8Array(64);
  const length = await conn.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0)).split(" ")[1] ?? "none";
}

Deno.test("without a token, the API is read by who sits at the machine", async () => {
  await using gateway = await startGateway();
  const get = "GET /api/v1/streams HTTP/1.1";
  for (
    const [status, ...lines] of [
      ["200", get, HERE],
      ["200", "GET http://127.0.0.1/api/v1/streams HTTP/1.1", HERE],
      // A proxy on the machine, as nginx is one by itself.
      ["403", "GET /api/v1/streams HTTP/1.0", "Host: 127.0.0.1:8080"],
      ["403", "GET /api/v1/streams HTTP/1.0"],
      ["403", get, HERE, NGINX],
      ["403", get, HERE, "X-Forwarded-Proto: https"],
      ["403", get, HERE, "Forwarded: for=127.0.0.1"],
      ["403", get, "Host: rebound.example"],
      ["403", "GET http://rebound.example/api/v1/streams HTTP/1.1", HERE],
      ["400", get, HERE, HERE],
      ["403", get, HERE, "Origin: http://elsewhere.example"],
      ["403", get, HERE, "Origin: null"],
      ["403", get, HERE, "Origin: http://localhost, http://elsewhere.example"],
      ["403", "DELETE /api/v1/streams/live/a HTTP/1.1", HERE],
      ["403", "PUT /api/v1/config HTTP/1.1", HERE, "Content-Length: 0"],
      // Credentials that are none do not make it easier.
      ["401", get, HERE, "Authorization: Bearer x"],
      ["401", get, HERE, "Authorization: Bearer x", "Authorization: Bearer y"],
      ["401", "GET /api/v1/streams?token= HTTP/1.1", HERE],
      // Another path to a proxy that keeps /api closed.
      ["400", "GET /x\\..\\api/v1/streams HTTP/1.1", HERE],
      ["404", "GET /%61pi/v1/streams HTTP/1.1", HERE],
      ["404", "GET //api/v1/streams HTTP/1.1", HERE],
      ["404", "GET /API/v1/streams HTTP/1.1", HERE],
      ["404", "GET /live/..;/api/v1/streams HTTP/1.1", HERE],
    ] as const
  ) assertEquals([await statusOf(gateway, ...lines), ...lines], [status, ...lines]);
});

Deno.test("an address of this machine is nobody's where a proxy has passed a request on", async () => {
  await using gateway = await startGateway({
    config: {
      adminToken: ADMIN,
      metrics: { addresses: ["127.0.0.1"] },
      access: { rules: [{ decision: "allow", addresses: ["127.0.0.1"] }] },
    },
  });
  const metrics = "GET /metrics HTTP/1.1";
  assertEquals(await statusOf(gateway, metrics, HERE), "200");
  assertEquals(await statusOf(gateway, metrics, HERE, NGINX), "401");
  for (const host of ["127.0.0.1:8080", "[::1]:8080", "sluice:8080"]) {
    assertEquals(await statusOf(gateway, metrics, `Host: ${host}`), "200", host);
  }
  // A page's own name, which it lets point here.
  assertEquals(await statusOf(gateway, metrics, "Host: rebound.example"), "401");
  const url = "GET http://rebound.example/metrics HTTP/1.1";
  assertEquals(await statusOf(gateway, url, HERE), "401");
  const flv = "GET /live/none.flv HTTP/1.1";
  assertEquals(await statusOf(gateway, flv, HERE), "404");
  assertEquals(await statusOf(gateway, flv, HERE, NGINX), "401");
});

Deno.test("a stream whose name looks like another address is ended by the API all the same", async () => {
  await using gateway = await startGateway({ config: { adminToken: ADMIN } });
  for (const name of ["a.flv", "a/whep", "a/whep/0.1"]) {
    await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
      path: `live/${name}`,
    });
    publisher.run();
    const path = `/api/v1/streams/live/${name}`;
    await until("it is there", async () => {
      return (await api(gateway, "GET", path, { token: ADMIN })).status === 200;
    });
    assertEquals((await api(gateway, "DELETE", path, { token: ADMIN })).status, 200);
    await until("it is ended", () => publisher.end === "by the server");
  }
});
