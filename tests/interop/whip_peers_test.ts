import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { isPeerMissing, peerCommand } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { spawnPeer } from "./peer_process.ts";

const PATH = "live/aiortc";

const NAME = "aiortc publishes H.264 and Opus, and is watched";

Deno.test({
  name: NAME,
  ignore: isPeerMissing(NAME, ["aiortc"]),
  // The viewer's timers, which repeat flights, outlive it by some seconds.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using gateway = await startGateway({ config: { gracePeriodMs: 500 } });
    const [python, script] = peerCommand("aiortc");
    const publisherScript = script!.replace("aiortc_viewer.py", "aiortc_publisher.py");
    await using publisher = spawnPeer(python!, [
      ...[publisherScript, "--seconds", "12", gateway.httpUrl(`/${PATH}/whip`)],
    ]);
    await until("it is live with both tracks", async () => {
      const stream = await gateway.stream(PATH);
      return stream?.state === "live" && stream.video?.width === 320 && stream.audio !== null;
    });
    await using viewer = await WhepViewer.join(gateway, { path: PATH });
    await until(
      "both kinds come",
      () => viewer.frames().length > 30 && (viewer.audio?.packets.length ?? 0) > 50,
    );
    const { success } = await publisher.ended;
    assert(success, publisher.output());
    assertEquals(JSON.parse(publisher.output()), { state: "connected", left: true });
    await until("it is over", async () => (await gateway.stream(PATH)) === undefined);
  },
});
