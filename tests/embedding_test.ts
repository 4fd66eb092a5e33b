import { assertEquals, assertMatch } from "@std/assert";
import type { AccessFunction } from "../src/access/asked_functions.ts";
import { parseConfig } from "../src/config/schema.ts";
import { startGateway } from "../src/gateway.ts";
import { SyntheticPublisher } from "../testing/rtmp/synthetic_publisher.ts";
import { until } from "../testing/waiting.ts";
import { publishRtmp, WAYS_TO_PLAY } from "./program/access_ways.ts";

const bundle = (name: string) => Deno.readTextFile(new URL(`../dist/${name}.js`, import.meta.url));

/** A gateway in this process, in which a function decides. */
async function embed(access: AccessFunction) {
  const ports = { rtmpPort: 0, httpPort: 0, webrtcPort: 0, webtransportPort: 0 };
  const config = parseConfig({ host: "127.0.0.1", ...ports, logLevel: "error" }, 2);
  return await startGateway(config, {
    version: "0",
    shardSource: await bundle("shard"),
    transcodingSource: await bundle("transcoding"),
    assets: [],
    assetHeaders: {},
    shardHung: (shard) => {
      throw new Error(`Shard ${shard} hangs`);
    },
    access,
  });
}

const flv = WAYS_TO_PLAY["HTTP-FLV"]!.way;

Deno.test("a function of the program that embeds the gateway decides, at once or later", async () => {
  const asked: string[] = [];
  const gateway = await embed(({ action, path, credentials: { token } }) => {
    asked.push(`${action} ${path}`);
    if (action === "publish") {
      return Promise.resolve({ kind: "allow", decidedBy: "mine", path: "live/public" });
    }
    if (token === "fails") throw new Error("a defect of the program");
    return token === "yes" ? { kind: "allow", decidedBy: "mine" } : undefined;
  });
  try {
    const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/own" });
    await using _ = publisher;
    publisher.run();
    await until("it is there", async () => await flv(gateway, "live/public", "yes") === "200");
    assertEquals(await flv(gateway, "live/public"), "401");
    assertEquals(await flv(gateway, "live/public", "no"), "403");
    assertEquals(await flv(gateway, "live/public", "fails"), "503");
    assertEquals(new Set(asked), new Set(["publish live/own", "play live/public"]));
  } finally {
    await gateway.stop();
  }
});

Deno.test("a function that says nothing lets nobody in", async () => {
  const gateway = await embed(() => undefined);
  try {
    assertMatch(await publishRtmp(gateway, "live/a"), /Unauthorized|Failed|BadName/);
    assertEquals(await flv(gateway, "live/a"), "401");
  } finally {
    await gateway.stop();
  }
});
