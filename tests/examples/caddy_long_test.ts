import { assertEquals } from "@std/assert";
import { requestFrom } from "../../testing/network/addressed_client.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { freePorts } from "../interop/free_ports.ts";
import { spawnPeer } from "../interop/peer_process.ts";

const CADDYFILE = new URL("../../examples/compose/Caddyfile", import.meta.url).pathname;
const [CLIENT, OTHER] = ["127.0.0.21", "127.0.0.22"] as const;

const NAME =
  "behind Caddy as in compose: FLV and WebSockets pass, and clients have their addresses";
Deno.test({
  name: NAME,
  ignore: isPeerMissing(NAME, ["caddy"]),
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--trusted-proxies", "127.0.0.1"],
      config: { limits: { httpConnectionsPerAddress: 1 } },
    });
    const [port] = freePorts(1) as [number];
    const folder = await Deno.makeTempDir();
    await using caddy = spawnPeer(
      "caddy",
      ["run", "--adapter", "caddyfile", "--config", CADDYFILE],
      {
        env: {
          // Without TLS: Caddy would have this machine trust the certificates that it makes.
          DOMAIN: `http://:${port}`,
          SLUICE: `127.0.0.1:${gateway.httpPort}`,
          HOME: folder,
          XDG_DATA_HOME: folder,
          XDG_CONFIG_HOME: folder,
        },
      },
    );
    await until("Caddy is ready", async () => {
      const answer = await requestFrom("127.0.0.1", port, "/readyz").catch(() => undefined);
      return answer?.status === 200;
    });
    {
      await using healthy = await HealthyStream.start({
        rtmpPort: gateway.rtmpPort,
        httpPort: port,
      }, {
        path: "live/a",
      });
      await healthy.check();
    }
    await until("all are gone", async () => (await gateway.status()).counters.viewers === 0);
    await using _again = await HealthyStream.start(gateway, { path: "live/b" });
    using first = await requestFrom(CLIENT, port, "/live/b.flv");
    const second = await requestFrom(CLIENT, port, "/live/b.flv").catch(() => undefined);
    using other = await requestFrom(OTHER, port, "/live/b.flv");
    assertEquals([first.status, second?.status, other.status], [200, 503, 200], caddy.output());
  },
});
