/** Other makers' WebRTC reads what is told on data channels. */
import { assert, assertEquals } from "@std/assert";
import { amfObject } from "../../src/amf/amf_value.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { until } from "../../testing/waiting.ts";
import { playWith, WHEP_PEERS } from "./whep_peers.ts";

const PATH = "live/told";
const CUE_INTERVAL_MS = 200;
const METADATA = { title: "höhe", width: 640 };

for (const peer of WHEP_PEERS.filter(({ can }) => can.listens)) {
  peerTest(`${peer.name} reads metadata, quality and cue points`, peer.needs, async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: PATH });
    publisher.say("@setDataFrame", "onMetaData", amfObject(METADATA));
    publisher.run();
    await until("it can be watched", async () => {
      return (await fetch(gateway.httpUrl(`/${PATH}.flv`), { method: "HEAD" })).ok;
    });
    let cue = 0;
    const saying = setInterval(
      () => publisher.say("onCuePoint", amfObject({ name: `cue ${cue++}` })),
      CUE_INTERVAL_MS,
    );
    const report = await playWith(peer, {
      url: gateway.httpUrl(`/${PATH}/whep`),
      offer: ["audio", "video", "events", "cues"],
      until: { events: 3, cues: 3 },
    }).finally(() => clearInterval(saying));
    assertEquals(report.failure, undefined, JSON.stringify(report));
    const { events = [], cues = [] } = report.heard!;
    assertEquals(events.slice(0, 3).map((text) => JSON.parse(text)), [
      { type: "state", state: "active" },
      { type: "metadata", metadata: METADATA },
      { type: "quality", quality: "all" },
    ]);
    const [first, ...others] = cues.map((text) => JSON.parse(text));
    const from = Number(/^cue (\d+)$/.exec(first.values[0].name)![1]);
    assert(others.length >= 2);
    for (const [at, { type, name, timeMs, values }] of [first, ...others].entries()) {
      assertEquals([type, name, values], ["data", "onCuePoint", [{ name: `cue ${from + at}` }]]);
      assert(timeMs > 0);
    }
  });
}
