/** Encoders and players that put the whole address into the server's, and leave the name empty. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";

peerTest(
  "an empty stream name is the last part of the application",
  ["ffmpeg", "ffprobe"],
  async () => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    const inApp = (app: string) => ["-rtmp_app", app, "-rtmp_playpath", ""];
    await using publisher = publishWithFfmpeg({
      url: gateway.rtmpUrl("live/whole"),
      outputArgs: inApp("live/whole?token=secret"),
    });
    await until("it is published", async () => {
      return (await gateway.stream("live/whole"))?.state === "live" || publisher.errors() !== "";
    });
    assertEquals(publisher.errors(), "");
    assertMatch(gateway.output(), /publishes live\/whole over rtmp /);
    const probe = (app: string) => {
      const show = ["-show_entries", "stream=codec_name", "-of", "csv=p=0"];
      const args = ["-v", "error", ...inApp(app), ...show, gateway.rtmpUrl("live/whole")];
      return runPeer("ffprobe", args);
    };
    assertEquals((await probe("live/whole")).stdout.split("\n").toSorted(), ["", "aac", "h264"]);
    // The query is that of the stream.
    await assertRejects(() => probe("live/whole?vtrack=9"));
    assertMatch(
      gateway.output(),
      /cannot play: There is no video track 9: the stream has 0 \(1 so far\)/,
    );
  },
);
