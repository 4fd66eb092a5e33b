import { assert } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { DelayingRelay } from "../../testing/network/delaying_relay.ts";
import { delay } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { publishTwoMegabits } from "./two_megabits.ts";
import { streamReady, watchByWhep } from "./whep_viewer.ts";

const PATH = "live/far";
const BEGIN_FRAMES = 90;
const WATCH_MS = 20_000;
const MAX_CONCEALED = 0.01;

/** What is lost, how many pictures later it has been answered, and how often they may stand still. */
const LOSSES = [
  { lossFraction: 0.02, settleFrames: 90, maxFreezes: 0 },
  { lossFraction: 0.05, settleFrames: 90, maxFreezes: 0 },
  { lossFraction: 0.1, settleFrames: 180, maxFreezes: Infinity },
] as const;

for (const roundTripMs of [5, 150]) {
  Deno.test({
    name: `loss of 2 and 5 % freezes nothing, and 10 % is not heard: ${roundTripMs} ms away`,
    ignore: chromiumMissing(),
  }, async (t) => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _publisher = publishTwoMegabits(gateway, PATH);
    await using browser = await launchChromium();
    await streamReady(gateway, PATH);
    const [port] = gateway.webrtcPorts as [number];
    for (const { lossFraction, settleFrames, maxFreezes } of LOSSES) {
      await t.step(`${lossFraction * 100} %`, async () => {
        using relay = new DelayingRelay(port, { roundTripMs, lossFraction: 0 }, seededRandom(7));
        const viewer = await watchByWhep(browser.page, gateway, PATH, { udpPort: relay.port });
        await viewer.moreFrames(BEGIN_FRAMES);
        relay.change({ lossFraction });
        // What is resent, and how much sound is repeated, is learnt by reports, which take seconds.
        await viewer.moreFrames(settleFrames);
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
        console.log(JSON.stringify({ lossFraction, concealed, freezes, frames, narrowed }));
        await viewer.leave();
        assert(freezes <= maxFreezes, told);
        assert(concealed < MAX_CONCEALED, told);
      });
    }
  });
}
