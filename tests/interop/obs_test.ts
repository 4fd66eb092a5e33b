import { assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { hasPeers } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { startObs } from "./obs.ts";
import { readRecording } from "./recording.ts";
import { recordWebSocket } from "./viewers.ts";

Deno.test({
  name: "OBS publishes, and its viewers get pictures and sound",
  // It brings a desktop with it: tested where it is installed.
  ignore: !hasPeers("OBS publishes", ["obs", "Xvfb"]),
  fn: async () => {
    await using gateway = await startGateway({ args: ["--grace-period-ms", "300"] });
    await using obs = await startObs(gateway.rtmpUrl("live"), "obs?token=none");
    const stream = await until("it is live", async () => {
      const stream = await gateway.stream("live/obs");
      return stream?.video?.frameRate && stream.audio ? stream : undefined;
    }, { timeoutMs: 40_000 });
    assertMatch(stream.video!.codecString, /^avc1\./);
    assertEquals([stream.video!.width, stream.video!.height], [640, 360]);
    assertEquals(Math.round(stream.video!.frameRate!), 30);
    assertEquals([stream.audio!.codecString, stream.audio!.sampleRate], ["mp4a.40.2", 48_000]);
    assertEquals([stream.timestampFaults, stream.skippedMessages.malformed], [{}, undefined]);

    const viewer = recordWebSocket(gateway.httpUrl("/live/obs.flv"));
    await until("seconds of it have come", async () => await viewer.received() > 200_000);
    await obs[Symbol.asyncDispose]();
    const { tags } = readRecording(await viewer.ended);
    const kinds = new Set(tags.map(({ kind }) => kind));
    assertEquals([kinds.has("key frame"), kinds.has("audio frame")], [true, true]);
    assertEquals((await gateway.status()).counters.rtmpProtocolErrors, 0);
  },
});
