import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { hasPeers, isPeerMissing, type Peer, peerCommand } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { spawnPeer } from "./peer_process.ts";
import { seeOutputs } from "./whip_outputs.ts";

interface WhipPeer {
  readonly name: string;
  /** Whose viewer has what it needs too. */
  readonly peer: Peer;
  /** Whether a machine of continuous integration has it. */
  readonly isBuilt?: true;
}

/** Programs of other makers' WebRTC that publish 320x240 of H.264, and Opus. */
const PUBLISHERS: readonly WhipPeer[] = [
  { name: "aiortc", peer: "aiortc" },
  { name: "gstreamer", peer: "webrtcbin" },
  { name: "whipsink", peer: "whepsrc", isBuilt: true },
];

for (const { name, peer, isBuilt } of PUBLISHERS) {
  const title =
    `${name} publishes H.264 and Opus by WHIP, and is watched by WHEP, HTTP-FLV and RTMP`;
  Deno.test({
    name: title,
    ignore: isBuilt ? !hasPeers(title, [peer]) : isPeerMissing(title, [peer]),
    // The viewer's timers, which repeat flights, outlive it by some seconds.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const path = `live/${name}`;
      await using gateway = await startGateway({ config: { gracePeriodMs: 500 } });
      const [program, viewerScript, ...args] = peerCommand(peer);
      const script = viewerScript!.replace("_viewer.py", "_publisher.py");
      const more = args.map((arg) => arg.replace("--whepsrc", "--whipsink"));
      await using publisher = spawnPeer(program, [
        ...[script, ...more, "--seconds", "12", gateway.httpUrl(`/${path}/whip`)],
      ]);
      await until("it is live with both tracks", async () => {
        const stream = await gateway.stream(path);
        return stream?.state === "live" && stream.video?.width === 320 && stream.audio !== null;
      });
      await seeOutputs(gateway, path, "h264");
      const { success } = await publisher.ended;
      assert(success, publisher.output());
      const report = JSON.parse(publisher.output().trim().split("\n").at(-1)!);
      assertEquals(report, { state: "connected", left: true });
      await until("it is over", async () => (await gateway.stream(path)) === undefined);
    },
  });
}
