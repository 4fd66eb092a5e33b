/** Real proxies in front: limits and logs see who is behind them. */
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { PROXY_SAMPLES } from "../proxy/proxy_samples.ts";
import { publisherPreamble } from "../../testing/rtmp/client.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { until } from "../../testing/waiting.ts";

import { connectFrom, requestFrom } from "../../testing/network/addressed_client.ts";
import { HAPROXY, NGINX, type Proxy, startProxy } from "./proxies.ts";

/** Viewers that an address may have. */
const PER_ADDRESS = 2;

/** The proxies connect from here; clients come from other addresses of the same network. */
const TRUSTED = ["--trusted-proxies", "127.0.0.1"];

const [CLIENT, OTHER] = ["127.0.0.21", "127.0.0.22"] as const;

for (const proxy of [NGINX, HAPROXY]) {
  const name = `behind ${proxy.peer}: clients count and are logged by their own addresses`;
  Deno.test({ name, ignore: isPeerMissing(name, [proxy.peer]), fn: () => testBehind(proxy) });
}

async function testBehind(proxy: Proxy): Promise<void> {
  await using gateway = await startGateway({
    args: TRUSTED,
    config: { limits: { httpConnectionsPerAddress: PER_ADDRESS } },
  });
  await using running = await startProxy(proxy, gateway);
  const { http, stream, rtmp } = running.ports;

  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/a" });
  publisher.run();
  await until("it is live", () => gateway.stream("live/a"));
  for (const port of [http, stream]) {
    // Viewers of one address take its places, and no other one's.
    const viewers = [];
    for (let viewer = 0; viewer < PER_ADDRESS; viewer++) {
      viewers.push(await requestFrom(CLIENT, port, "/live/a.flv"));
    }
    assertEquals(viewers.map(({ status }) => status), [200, 200]);
    const refused = await requestFrom(CLIENT, port, "/live/a.flv").catch(() => undefined);
    assert(refused === undefined || refused.status === 503, `${refused?.status}`);
    using other = await requestFrom(OTHER, port, "/live/a.flv");
    assertEquals(other.status, 200);
    for (const viewer of viewers) viewer[Symbol.dispose]();
    other[Symbol.dispose]();
    await until("all are gone", async () => (await gateway.status()).counters.viewers === 0);
  }

  using conn = await connectFrom(CLIENT, rtmp);
  conn.write(publisherPreamble({ app: "live", name: "b" }));
  const line = await until(
    "it is published",
    () => / (\S+) publishes live\/b /.exec(gateway.output()),
  );
  assertMatch(line[1]!, /^127\.0\.0\.21:\d+$/);
}

Deno.test("behind a header, TLS is as it is without one", async () => {
  await using gateway = await startGateway({ args: [...TRUSTED, "--tls", "self-signed"] });
  for (const [at, [header]] of PROXY_SAMPLES.entries()) {
    const tcp = connect({ host: "127.0.0.1", port: gateway.rtmpsPort! });
    tcp.write(header);
    const secured = connectTls({ socket: tcp, rejectUnauthorized: false });
    secured.on("error", () => {});
    secured.write(publisherPreamble({ app: "live", name: `tls${at}` }));
    await until("it is published", () => gateway.output().includes(`publishes live/tls${at}`));
    secured.destroy();
  }
  const peers = PROXY_SAMPLES.map(([, header]) => header.kind === "client" ? header : undefined);
  for (const [at, peer] of peers.entries()) {
    const line = gateway.output().split("\n").find((line) => line.includes(`live/tls${at}`))!;
    const address = peer?.hostname ?? "127.0.0.1";
    assert(line.includes(address.includes(":") ? `[${address}]:` : `${address}:`), line);
  }
});

Deno.test("who is no trusted proxy is believed nothing", async () => {
  await using gateway = await startGateway({
    args: TRUSTED,
    config: { limits: { httpConnectionsPerAddress: PER_ADDRESS } },
  });
  const { httpPort, rtmpPort } = gateway;
  const forge = (at: number) => `X-Forwarded-For: 192.0.2.${at}\r\n`;
  const open: Awaited<ReturnType<typeof connectFrom>>[] = [];
  for (let at = 0; at < PER_ADDRESS; at++) open.push(await connectFrom(CLIENT, httpPort));
  await until("what it says of itself does not help it", async () => {
    // One that was accepted late has found its place taken by a question.
    for (const [at, conn] of open.entries()) {
      if (conn.isEnded) open[at] = await connectFrom(CLIENT, httpPort);
    }
    using answer = await requestFrom(CLIENT, httpPort, "/healthz", forge(1)).catch(() => undefined);
    return answer === undefined;
  });
  for (const conn of open) conn[Symbol.dispose]();

  using conn = await connectFrom(CLIENT, rtmpPort);
  conn.write(new TextEncoder().encode("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"));
  conn.write(publisherPreamble({ app: "live", name: "forged" }));
  await until("it is ended", () => conn.isEnded);
  assertEquals(await gateway.stream("live/forged"), undefined);
  assert(!gateway.output().includes("192.0.2.1"), gateway.output());
});

Deno.test("a header of a trusted proxy that cannot be read ends its connection, with the reason", async () => {
  await using gateway = await startGateway({ args: TRUSTED });
  using broken = await connectFrom("127.0.0.1", gateway.httpPort);
  broken.write(new TextEncoder().encode("PROXY TCP4 nobody nowhere 1 2\r\nGET / HTTP/1.1\r\n\r\n"));
  await until("it is ended", () => broken.isEnded);
  assertMatch(gateway.output(), /127\.0\.0\.1 refused: Cannot read PROXY line: must be TCP4/);
  const { proxiedConnectionsRefused } = (await gateway.status()).counters;
  assertEquals(proxiedConnectionsRefused, 1);
  const header = "X-Forwarded-For: somebody\r\n";
  using answer = await requestFrom("127.0.0.1", gateway.httpPort, "/healthz", header);
  assertEquals(answer.status, 400);
});
