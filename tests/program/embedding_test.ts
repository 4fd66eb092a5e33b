/** The gateway in another program, by what the package exports. */
import { assertEquals, assertMatch } from "@std/assert";
import { parseConfig } from "@sluice/gateway/config";
import { type GatewayParts, startGateway } from "@sluice/gateway/gateway";
import shard from "../../dist/shard.js" with { type: "text" };
import transcoding from "../../dist/transcoding.js" with { type: "text" };
import { until } from "../../testing/waiting.ts";
import { Encoder } from "../resilience/told_encoder.ts";

type Ended = Parameters<NonNullable<GatewayParts["ended"]>>[0];

Deno.test("a program that embeds the gateway decides who may, and is told who has gone", async () => {
  const asked: string[] = [];
  const ended: Ended[] = [];
  const ports = { rtmpPort: 0, httpPort: 0, webrtcPort: 0 };
  const config = parseConfig({ host: "127.0.0.1", ...ports, logLevel: "error" }, 2);
  const gateway = await startGateway(config, {
    version: "0",
    shardSource: shard,
    transcodingSource: transcoding,
    assets: [],
    contentSecurityPolicy: "",
    access: ({ action, path, credentials: { token } }) => {
      asked.push(`${action} ${path}`);
      if (action === "play") return { kind: "allow", decidedBy: "mine" };
      if (token !== "secret") return undefined;
      return { kind: "allow", decidedBy: "mine", subject: "me", path: "live/renamed" };
    },
    ended: (session) => ended.push(session),
    shardHung: (shard) => {
      throw new Error(`Shard ${shard} hangs`);
    },
  });
  try {
    {
      using refused = await Encoder.ask(gateway, { name: "a" });
      await until("it is refused", () => refused.codes.at(-1) === "NetStream.Publish.Unauthorized");
      using _encoder = await Encoder.publish(gateway, { name: "a?token=secret" });
      const url = `http://127.0.0.1:${gateway.httpPort}/live/renamed.flv`;
      const watching = await fetch(url);
      assertEquals(watching.status, 200);
      await watching.body!.cancel();
    }
    await until("both have gone", () => ended.length === 2);
    assertEquals(ended.map(({ request: { action } }) => action).sort(), ["play", "publish"]);
    const publisher = ended.find(({ request: { action } }) => action === "publish")!;
    assertEquals([publisher.request.path, publisher.decision.subject], ["live/a", "me"]);
    assertMatch(JSON.stringify(ended), /"bytes":\d+/);
    assertEquals(JSON.stringify(ended).includes("secret"), false);
    assertEquals(new Set(asked), new Set(["publish live/a", "play live/renamed"]));
  } finally {
    await gateway.stop();
  }
});
