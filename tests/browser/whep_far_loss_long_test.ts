import { assert } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { DelayingRelay } from "../../testing/network/delaying_relay.ts";
import { delay } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { publishTwoMegabits } from "./two_megabits.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";

const PATH = "live/far";
const SETTLE_FRAMES = 90;
const WATCH_MS = 20_000;
const MAX_CONCEALED = 0.01;
/**
 * Round trip, part of what is lost, and how often pictures may stand still. Far away, what is lost
 * twice, or asked for in vain, comes later than receivers wait for: only copies that are sent before
 * they are asked for would help.
 */
const WAYS = [[5, 0.02, 0], [5, 0.05, 0], [150, 0.02, 6], [150, 0.05, 24]] as const;

Deno.test(
  { name: "loss of 2 and 5 % freezes nothing, and far away little", ignore: chromiumMissing() },
  async (t) => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _publisher = publishTwoMegabits(gateway, PATH);
    await using browser = await launchChromium();
    await streamReady(gateway, PATH);
    const [port] = gateway.webrtcPorts as [number];
    for (const [roundTripMs, lossFraction, maxFreezes] of WAYS) {
      await t.step(`${lossFraction * 100} %, ${roundTripMs} ms`, async () => {
        using relay = new DelayingRelay(port, { roundTripMs, lossFraction: 0 }, seededRandom(7));
        const viewer = await watchByWhep(browser.page, gateway, PATH, { udpPort: relay.port });
        await viewer.moreFrames(SETTLE_FRAMES);
        relay.change({ lossFraction });
        // What is resent, and how much sound is repeated, is learnt by reports, which take seconds.
        await viewer.moreFrames(SETTLE_FRAMES);
        const before = await viewer.statistics();
        await delay(WATCH_MS);
        const after = await viewer.statistics();
        const concealed = (after.concealedSamples - before.concealedSamples) /
          (after.audioSamples - before.audioSamples);
        const freezes = after.freezeCount - before.freezeCount;
        const frames = after.framesDecoded - before.framesDecoded;
        const told = JSON.stringify({ concealed, freezes, frames, before, after });
        const { counters } = await gateway.status();
        const narrowed = counters.webrtcLinksNarrow;
        console.log(JSON.stringify({ concealed, freezes, frames, narrowed }));
        await viewer.leave();
        assert(freezes <= maxFreezes, told);
        assert(concealed < MAX_CONCEALED, told);
      });
    }
  },
);
