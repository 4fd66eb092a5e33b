import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { until } from "../../testing/waiting.ts";
import { openLink } from "../../testing/webrtc/whep_link.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { longestPauseMs } from "../interop/pauses.ts";

const PATH = "live/moving";

/** For so long nothing may come. */
const MAX_PAUSE_MS = 2000;

/** What happens to a viewer, by what its user did. */
const CHANGES: Readonly<Record<string, (viewer: WhepViewer) => Promise<void>>> = {
  "another port": async (viewer) => viewer.move(await openLink(viewer.answer.candidates[0]!)),
  "another address": async (viewer) =>
    viewer.move(await openLink(viewer.answer.candidates[0]!, "127.0.0.2")),
  "a restart of ICE": (viewer) => viewer.restartIce(),
  "a restart of ICE from another address": async (viewer) => {
    viewer.move(await openLink(viewer.answer.candidates[0]!, "127.0.0.3"));
    await viewer.restartIce();
  },
  "over to TCP": async (viewer) =>
    viewer.move(
      await openLink(viewer.answer.candidates.find(({ transport }) => transport === "tcp")!),
    ),
};

Deno.test({
  name: "a viewer goes on where its network changes, within 2 s, and its link stays clear",
  // Timers of DTLS, which repeat flights, outlive a handshake by seconds.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _publisher = await publish(gateway, { path: PATH });
    for (const [name, change] of Object.entries(CHANGES)) {
      await t.step(name, async () => {
        await using viewer = await WhepViewer.join(gateway, { path: PATH });
        await until("it has pictures", () => viewer.video!.packets.length > 60);
        await change(viewer);
        const count = viewer.video!.packets.length;
        await until("it has more", () => viewer.video!.packets.length > count + 90);
        const pauseMs = longestPauseMs(viewer.video!);
        assert(pauseMs < MAX_PAUSE_MS, `nothing came for ${Math.round(pauseMs)} ms`);
        const { counters } = await gateway.status();
        assertEquals([counters.webrtcLinksNarrow, counters.webrtcConsentsLost], [0, 0]);
        assertEquals(viewer.failure, undefined);
        // Else its silence would be a link that carries nothing.
        assertEquals(await viewer.delete(), 200);
      });
    }
  },
});
