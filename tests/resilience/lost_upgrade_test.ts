import { assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { RawViewer } from "../../testing/http/raw_viewer.ts";

const LOST = 300;
const AT_A_TIME = 50;

const KEPT = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const UPGRADE = "GET /live/healthy.flv HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n" +
  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** Asks for a WebSocket and is gone: with an answer unread, closing resets the connection. */
async function loseUpgrade({ httpPort }: GatewayProcess, waitMs: number): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: httpPort });
  await conn.write(new TextEncoder().encode(KEPT));
  await conn.read(new Uint8Array(1));
  await conn.write(new TextEncoder().encode(UPGRADE));
  if (waitMs > 0) await delay(waitMs);
}

Deno.test("peers that reset their WebSocket upgrade are not counted as viewers", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using healthy = await HealthyStream.start(gateway);
  for (let lost = 0; lost < LOST; lost += AT_A_TIME) {
    const peers = Array.from({ length: AT_A_TIME }, (_, at) => loseUpgrade(gateway, at % 3));
    await Promise.all(peers);
  }
  await until("all places are free", async () => {
    const { viewers } = (await gateway.status()).counters;
    return viewers === healthy.viewers.length;
  });
  await using viewer = await RawViewer.open({
    httpPort: gateway.httpPort,
    path: "live/healthy",
    transport: "ws",
  });
  viewer.run();
  await until("a viewer that stays is counted", async () => {
    const { viewers } = (await gateway.status()).counters;
    return viewers === healthy.viewers.length + 1;
  });
  await healthy.check();
  assertEquals((await gateway.status()).gateway.shardRestarts, 0);
});
