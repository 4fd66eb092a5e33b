/** Real proxies on this machine: who may is decided for whoever is behind them, and so is the API. */
import { assert, assertEquals } from "@std/assert";
import type { ClientSummary } from "../../src/shard/http/api/client_summary.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import {
  type AddressedConnection,
  connectFrom,
  requestFrom,
} from "../../testing/network/addressed_client.ts";
import { VIDEO_CONFIGURATION, videoFrame } from "../../testing/media/self_describing.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { ClientMessages, publisherPreamble } from "../../testing/rtmp/client.ts";
import { until } from "../../testing/waiting.ts";
import { CADDY, HAPROXY, NGINX, type Proxy, startProxy } from "./proxies.ts";

/** Who may, and who may not: both of this machine, as the proxies are. */
const [CLIENT, OTHER] = ["127.0.0.21", "127.0.0.22"] as const;

/** The proxies are where the rules let everything be done, and are not meant. */
const RULES = [{ id: "known", decision: "allow", addresses: ["127.0.0.1", CLIENT] }] as const;

const TRUSTED = ["--trusted-proxies", "127.0.0.1"];

/** What only those may see who sit at this machine. */
const GUARDED = ["/api/v1/clients", "/api/v1/streams", "/api/v1/events", "/metrics"];

for (const proxy of [NGINX, HAPROXY, CADDY]) {
  const name = `behind ${proxy.peer}: who may is decided by a client's own address`;
  Deno.test({ name, ignore: isPeerMissing(name, [proxy.peer]), fn: () => testBehind(proxy) });
}

async function testBehind(proxy: Proxy): Promise<void> {
  await using gateway = await startGateway({ args: TRUSTED, config: { access: { rules: RULES } } });
  await using running = await startProxy(proxy, gateway);
  const { http, stream, rtmp } = running.ports;
  // Caddy passes on HTTP only.
  const isForHttp = proxy === CADDY;
  const rtmpPort = isForHttp ? gateway.rtmpPort : rtmp;
  using _refused = await publishFrom(OTHER, rtmpPort);
  await until("it may not", () => /127\.0\.0\.22 may not publish/.test(gateway.output()));
  using _publisher = await publishFrom(CLIENT, rtmpPort);
  await until("it is published", () => gateway.stream("live/a"));

  const viewers = [];
  for (const port of isForHttp ? [http] : [http, stream]) {
    const statusOf = async (from: string, target: string, headers = "") => {
      // By this machine's own name, which would make it local.
      using answer = await requestFrom(from, port, target, headers, { host: "localhost" });
      return answer.status;
    };
    viewers.push(await requestFrom(CLIENT, port, "/live/a.flv"));
    assertEquals(viewers.at(-1)!.status, 200);
    assertEquals(await statusOf(OTHER, "/live/a.flv"), 401);
    assertEquals(await statusOf(OTHER, "/live/a.flv", `X-Forwarded-For: ${CLIENT}\r\n`), 401);
    for (const target of GUARDED) {
      for (const from of ["127.0.0.1", CLIENT]) {
        assertEquals(await statusOf(from, target), 403, target);
      }
    }
  }
  assertEquals(
    (await clientsOf(gateway)).map(({ action, address }) => `${action} ${address}`).sort(),
    [...viewers.map(() => `play ${CLIENT}`), `publish ${CLIENT}`],
  );
  for (const viewer of viewers) viewer[Symbol.dispose]();
}

/** Sends one picture. */
async function publishFrom(address: string, port: number): Promise<AddressedConnection> {
  const conn = await connectFrom(address, port);
  const messages = new ClientMessages();
  conn.write(publisherPreamble({ app: "live", name: "a", messages }));
  const frame = videoFrame({ sequence: 0, timestampMs: 0, isKeyFrame: true }, 1000);
  conn.write(messages.video(0, VIDEO_CONFIGURATION).video(0, frame).take());
  return conn;
}

async function clientsOf(gateway: GatewayProcess): Promise<readonly ClientSummary[]> {
  return (await (await fetch(gateway.httpUrl("/api/v1/clients"))).json()).clients;
}

Deno.test("what a trusted proxy serves without saying for whom comes from nowhere", async () => {
  const adminToken = "the-token-of-the-operator";
  await using gateway = await startGateway({
    args: TRUSTED,
    config: {
      adminToken,
      access: { rules: RULES, addresses: { api: { allow: ["127.0.0.1", CLIENT] } } },
      metrics: { addresses: ["127.0.0.1", CLIENT] },
    },
  });
  using _publisher = await publishFrom(CLIENT, gateway.rtmpPort);
  const bearer = `Authorization: Bearer ${adminToken}\r\n`;
  const ask = async (from: string, target: string, headers = "") => {
    using answer = await requestFrom(from, gateway.httpPort, target, headers);
    await until("it is whole", () => answer.text().includes("\r\n\r\n"));
    return answer;
  };
  await until("it is listed", async () => {
    return (await ask(CLIENT, "/api/v1/live")).text().includes('"name":"a"');
  });
  assert(!(await ask("127.0.0.1", "/api/v1/live")).text().includes('"name":"a"'));
  for (
    const [target, headers, ...statuses] of [
      ["/live/a.flv", "", 200, 401],
      ["/api/v1/clients", bearer, 200, 401],
      ["/metrics", "", 200, 401],
    ] as const
  ) {
    const answers = await Promise.all([CLIENT, "127.0.0.1"].map((from) => {
      return ask(from, target, headers);
    }));
    assertEquals(answers.map(({ status }) => status), statuses, target);
    const told = await ask("127.0.0.1", target, `${headers}X-Forwarded-For: ${CLIENT}\r\n`);
    assertEquals(told.status, 200, target);
  }
});
