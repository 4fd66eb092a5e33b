import { assert, assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { spawnPeer } from "./peer_process.ts";
import { assertSound, judge, readRecording } from "./recording.ts";
import { recordWithCurl } from "./viewers.ts";

/** Three seconds of a live test picture and tone. */
const VIDEO = [
  ...["videotestsrc", "is-live=true", "num-buffers=90", "!"],
  ...["video/x-raw,width=320,height=180,framerate=30/1", "!", "x264enc", "tune=zerolatency"],
  ...["speed-preset=ultrafast", "bitrate=400", "key-int-max=30", "!", "h264parse", "!"],
];
const AUDIO = [
  ...["audiotestsrc", "is-live=true", "num-buffers=130", "!", "audio/x-raw,rate=44100", "!"],
  ...["avenc_aac", "!", "aacparse", "!"],
];

peerTest(
  "GStreamer publishes, and what is watched is without fault",
  ["gst-launch-1.0", "curl", "ffmpeg", "ffprobe", "flvmeta"],
  async () => {
    await using gateway = await startGateway({ args: ["--grace-period-ms", "300"] });
    const url = gateway.rtmpUrl("live/gst");
    await using publisher = spawnPeer("gst-launch-1.0", [
      ...["-q", ...VIDEO, "flvmux", "name=mux", "streamable=true", "!"],
      ...["rtmp2sink", `location=${url}`, ...AUDIO, "mux."],
    ]);
    await until("it is live", async () => {
      const stream = await gateway.stream("live/gst");
      return stream?.video?.width === 320 && stream.audio?.sampleRate === 44_100;
    });
    const path = await Deno.makeTempFile({ suffix: ".flv" });
    try {
      const bytes = await recordWithCurl(gateway.httpUrl("/live/gst.flv"), path).ended;
      assert((await publisher.ended).success, publisher.output());
      assertSound(readRecording(bytes), { audio: true, video: true });
      // Its live sources give two frames one time when the machine keeps them waiting.
      const { streams } = await judge(path, { mayRepeatTimes: true });
      // It sends its metadata again when it knows more, which ffprobe takes for text.
      const codecs = streams.map(({ codec_name }) => codec_name).filter((name) => name !== "text");
      assertEquals(codecs.sort(), ["aac", "h264"]);
      assertEquals((await gateway.status()).counters.rtmpProtocolErrors, 0);
    } finally {
      await Deno.remove(path);
    }
  },
);

peerTest("GStreamer learns that nothing is live", ["gst-launch-1.0"], async () => {
  await using gateway = await startGateway({ config: { timeouts: { playWaitMs: 200 } } });
  await using player = spawnPeer("gst-launch-1.0", [
    ...["-q", "rtmp2src", `location=${gateway.rtmpUrl("live/none")}`, "!", "fakesink"],
  ]);
  assertEquals((await player.ended).success, false);
  assertMatch(player.output(), /StreamNotFound.*The stream live\/none is not live\./);
});
