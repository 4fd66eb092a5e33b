import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { isPeerMissing, peerCommand } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { spawnPeer } from "./peer_process.ts";

/** Programs of other makers' WebRTC that publish 320x240 of H.264, and Opus. */
const PUBLISHERS = [
  { name: "aiortc", peer: "aiortc" },
  { name: "gstreamer", peer: "webrtcbin" },
] as const;

for (const { name, peer } of PUBLISHERS) {
  const title = `${name} publishes H.264 and Opus by WHIP, and is watched by WHEP`;
  Deno.test({
    name: title,
    ignore: isPeerMissing(title, [peer]),
    // The viewer's timers, which repeat flights, outlive it by some seconds.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const path = `live/${name}`;
      await using gateway = await startGateway({ config: { gracePeriodMs: 500 } });
      const [python, viewerScript] = peerCommand(peer);
      const script = viewerScript!.replace("_viewer.py", "_publisher.py");
      await using publisher = spawnPeer(python!, [
        ...[script, "--seconds", "12", gateway.httpUrl(`/${path}/whip`)],
      ]);
      await until("it is live with both tracks", async () => {
        const stream = await gateway.stream(path);
        return stream?.state === "live" && stream.video?.width === 320 && stream.audio !== null;
      });
      await using viewer = await WhepViewer.join(gateway, { path });
      await until(
        "both kinds come",
        () => (viewer.video?.packets.length ?? 0) > 60 && (viewer.audio?.packets.length ?? 0) > 50,
      );
      const { success } = await publisher.ended;
      assert(success, publisher.output());
      const report = JSON.parse(publisher.output().trim().split("\n").at(-1)!);
      assertEquals(report, { state: "connected", left: true });
      await until("it is over", async () => (await gateway.stream(path)) === undefined);
    },
  });
}
