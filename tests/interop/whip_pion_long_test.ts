/** pion publishes a recording, with candidates that come later, and restarts ICE meanwhile. */
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { isPeerMissing, peerCommand, runPeer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { spawnPeer } from "./peer_process.ts";
import { longestPauseMs } from "./pauses.ts";
import { seeOutputs } from "./whip_outputs.ts";

const PATH = "live/pion";
const NAME = "pion publishes H.264 and Opus by WHIP, trickles its candidates, and restarts ICE";

/** Media go on within so long (and are back at their pace). */
const MAX_PAUSE_MS = 2000;

const RESTART_AT_S = 5;

interface Report {
  readonly state: string;
  readonly left: boolean;
  readonly trickled: readonly number[];
  readonly restarted: number;
  readonly failure?: string;
}

/** Two seconds of pictures in one slice each, and of sound in pages of 20 ms. */
async function record(folder: string): Promise<{ video: string; audio: string }> {
  const video = `${folder}/recording.h264`;
  const audio = `${folder}/recording.ogg`;
  await runPeer("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-t", "2"],
    ...["-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-g", "30"],
    ...["-x264-params", "slices=1:scenecut=0", "-pix_fmt", "yuv420p", video],
  ]);
  await runPeer("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "2"],
    ...["-c:a", "libopus", "-b:a", "64k", "-page_duration", "20000", audio],
  ]);
  return { video, audio };
}

Deno.test({
  name: NAME,
  ignore: isPeerMissing(NAME, ["pion publisher", "ffmpeg"]),
  // The viewer's timers, which repeat flights, outlive it by some seconds.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const { video, audio } = await record(folder);
      await using gateway = await startGateway({ config: { gracePeriodMs: 500 } });
      const [program] = peerCommand("pion publisher");
      await using publisher = spawnPeer(program, [
        ...["-video", video, "-audio", audio, "-seconds", "12"],
        ...["-restart-at", `${RESTART_AT_S}`, gateway.httpUrl(`/${PATH}/whip`)],
      ]);
      await until("it is live with both tracks", async () => {
        const stream = await gateway.stream(PATH);
        return stream?.state === "live" && stream.video?.width === 320 && stream.audio !== null;
      });
      await using viewer = await WhepViewer.join(gateway, { path: PATH });
      await seeOutputs(gateway, PATH, "h264");
      const { success } = await publisher.ended;
      assert(success, publisher.output());
      const report = JSON.parse(publisher.output().trim().split("\n").at(-1)!) as Report;
      const { trickled, ...rest } = report;
      assertEquals(rest, { state: "connected", left: true, restarted: 200 });
      // Those of the beginning and those of the restart.
      assert(trickled.length >= 2 && trickled.every((status) => status === 204), `${trickled}`);
      for (const source of [viewer.video!, viewer.audio!]) {
        const pauseMs = longestPauseMs(source);
        assert(pauseMs < MAX_PAUSE_MS, `nothing came for ${pauseMs} ms`);
      }
      await until("it is over", async () => (await gateway.stream(PATH)) === undefined);
      assertEquals((await gateway.status()).counters.webrtcConsentsLost, 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
