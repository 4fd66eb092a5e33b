import { assertEquals, assertMatch } from "@std/assert";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import type { Access } from "../../../../src/access/access.ts";
import { PUBLISH_OFFERS } from "../../../../testing/webrtc/publish_offers.ts";
import { PlayingShards } from "../../playing_shard.ts";

Deno.test("an offer of which nothing can be taken is counted and logged, with what it has", async () => {
  const logged: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { list: (record) => void logged.push(record) },
    loggers: [
      { category: ["sluice"], lowestLevel: "info", sinks: ["list"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["list"] },
    ],
  });
  const access: Access = { decide: () => ({ kind: "allow", decidedBy: "test" }) };
  await using all = await PlayingShards.start(1, access);
  const [shard] = all.shards;
  try {
    const body = PUBLISH_OFFERS.obs.replaceAll("H264/", "THEORA/");
    const headers = { "content-type": "application/sdp" };
    const url = shard!.httpUrl("/live/a/whip");
    const response = await fetch(url, { method: "POST", headers, body });
    assertEquals(response.status, 422);
    assertMatch(await response.text(), /THEORA/);
    assertEquals(shard!.counters.total("publishesRefused"), 1);
    const reasons = logged.map(({ properties }) => properties["reason"]);
    assertMatch(`${reasons}`, /^The offer must have H264.* and has THEORA/);
  } finally {
    await reset();
  }
});
