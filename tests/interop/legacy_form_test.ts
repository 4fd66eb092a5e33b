/** Players that know nothing of Enhanced RTMP, as ffmpeg before 6.1, of publishers that speak it. */
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { encodeEnhancedTwins, MAIN_WIDTH, OTHER_WIDTH } from "./enhanced_twin.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";

const DURATION_S = 4;

/** What is published before players come. */
const HEAD_MS = 1500;

/** Frames of pictures from the newest key frame of the head on. */
const FRAMES = 25 * (DURATION_S - 1);

peerTest("H.264 and AAC leave in the legacy form", ["ffmpeg", "ffprobe"], async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1", "--grace-period-ms", "300"] });
  const twins = await encodeEnhancedTwins(DURATION_S);
  using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", "twins");
  assertEquals(await publisher.answer(), "NetStream.Publish.Start");
  const isTail = ({ timestampMs }: { timestampMs: number }) => timestampMs >= HEAD_MS;
  await publisher.send({ ...twins, tags: twins.tags.filter((tag) => !isTail(tag)) });
  await until("all tracks are known", async () => {
    return (await gateway.stream("live/twins"))?.tracks.length === 4;
  });
  const views = [["", MAIN_WIDTH], ["?vtrack=1&atrack=1", OTHER_WIDTH]] as const;
  const plays = views.flatMap(([query, width]) =>
    [gateway.httpUrl(`/live/twins.flv${query}`), gateway.rtmpUrl(`live/twins${query}`)]
      .map((url) => ({ url, width, decoded: decode(url) }))
  );
  await until("all players are there", async () => {
    return (await gateway.stream("live/twins"))?.viewers === plays.length;
  });
  await publisher.send({ ...twins, tags: twins.tags.filter(isTail) });
  publisher.close();
  for (const { url, width, decoded } of plays) {
    await t.step(url.replace(/:\d+/, ""), async () => {
      const streams = await decoded;
      assertEquals(streams.map(({ codec_name, width }) => [codec_name, width]), [
        ["h264", width],
        ["aac", undefined],
      ]);
      const [pictures, sound] = streams.map(({ nb_read_frames }) => Number(nb_read_frames));
      assertEquals(pictures, FRAMES);
      assert(sound! > 46 * (DURATION_S - 1), `${sound} frames of sound`);
    });
  }
});

interface Probed {
  readonly codec_name: string;
  readonly width?: number;
  readonly nb_read_frames: string;
}

/** Decodes all that comes; pictures first. */
async function decode(url: string): Promise<Probed[]> {
  const { stdout, stderr } = await runPeer("ffprobe", [
    ...["-v", "error", "-show_streams", "-count_frames", "-of", "json", url],
  ]);
  assertEquals(stderr, "");
  const { streams } = JSON.parse(stdout) as { streams: Probed[] };
  return streams.toSorted((one, other) => Number(other.width ?? 0) - Number(one.width ?? 0));
}
