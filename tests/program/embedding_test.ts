/** The gateway in another program, by what the package exports. */
import { assertEquals, assertMatch } from "@std/assert";
import { parseConfig } from "@sluice/gateway/config";
import { type GatewayParts, startGateway } from "@sluice/gateway/gateway";
import shard from "../../dist/shard.js" with { type: "text" };
import transcoding from "../../dist/transcoding.js" with { type: "text" };
import { makeKey } from "../../testing/stream_key.ts";
import { until } from "../../testing/waiting.ts";
import { Encoder } from "../resilience/told_encoder.ts";

type Began = Parameters<NonNullable<GatewayParts["began"]>>[0];
type Ended = Parameters<NonNullable<GatewayParts["ended"]>>[0];

Deno.test("a program that embeds the gateway decides who may, and is told who has gone", async () => {
  const asked: string[] = [];
  const began: Began[] = [];
  const ended: Ended[] = [];
  const ports = { rtmpPort: 0, httpPort: 0, webrtcPort: 0, webtransportPort: 0 };
  const config = parseConfig({ host: "127.0.0.1", ...ports, logLevel: "error" }, 2);
  const gateway = await startGateway(config, {
    version: "0",
    shardSource: shard,
    transcodingSource: transcoding,
    assets: [],
    assetHeaders: {},
    access: ({ action, path, credentials: { token } }) => {
      asked.push(`${action} ${path}`);
      const limits = { maxViewers: 1 };
      if (action === "play") return { kind: "allow", decidedBy: "mine", limits };
      if (token !== "secret") return undefined;
      return { kind: "allow", decidedBy: "mine", subject: "me", path: "live/renamed" };
    },
    began: (session) => began.push(session),
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
      const beyond = await fetch(url);
      assertEquals([beyond.status, await beyond.text()], [
        503,
        "The stream may have up to 1 viewer\n",
      ]);
      await watching.body!.cancel();
    }
    await until("all have gone", () => ended.length === 3);
    const actions = (sessions: readonly Began[]) =>
      sessions.map(({ request: { action } }) => action).sort();
    assertEquals(actions(began), ["play", "play", "publish"]);
    assertEquals(actions(ended), ["play", "play", "publish"]);
    const ids = (sessions: readonly Began[]) => sessions.map(({ request: { id } }) => id).sort();
    assertEquals(ids(began), ids(ended));
    const reasons = ended.map(({ reason }) => reason);
    assertEquals(reasons.includes("The stream may have up to 1 viewer"), true, `${reasons}`);
    const publisher = ended.find(({ request: { action } }) => action === "publish")!;
    assertEquals([publisher.request.path, publisher.decision.subject], ["live/a", "me"]);
    assertMatch(JSON.stringify(ended), /"bytes":\d+/);
    assertEquals(JSON.stringify([began, ended]).includes("secret"), false);
    assertEquals(new Set(asked), new Set(["publish live/a", "play live/renamed"]));
  } finally {
    await gateway.stop();
  }
});

Deno.test("a program that embeds the gateway is told no key that was sent as a name", async () => {
  const { key, hash } = makeKey("camera");
  const sessions: Began[] = [];
  const ports = { rtmpPort: 0, httpPort: 0, webrtcPort: 0, webtransportPort: 0 };
  const access = { keys: [{ id: "camera", hash, paths: ["live/public"] }] };
  const config = parseConfig({ host: "127.0.0.1", ...ports, logLevel: "error", access }, 1);
  const gateway = await startGateway(config, {
    version: "0",
    shardSource: shard,
    transcodingSource: transcoding,
    assets: [],
    assetHeaders: {},
    began: (session) => sessions.push(session),
    ended: (session) => sessions.push(session),
    shardHung: () => {},
  });
  try {
    (await Encoder.publish(gateway, { name: key }))[Symbol.dispose]();
    await until("it has come and gone", () => sessions.length === 2);
    const names = sessions.map(({ request, decision }) => [request.path, decision.path]);
    assertEquals(names, Array(2).fill(["live/camera.***", "live/public"]));
  } finally {
    await gateway.stop();
  }
});
