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
const ROUND_TRIPS_MS = [5, 150];
/** What is lost, and what part of the sound may be made up then. */
const LOSSES = [[0.02, 0.01], [0.05, 0.01]] as const;

Deno.test(
  { name: "loss of 2 and 5 %, near and far, freezes nothing", ignore: chromiumMissing() },
  async (t) => {
    await using gateway = await startGateway({ args: ["--shards", "1"] });
    await using _publisher = publishTwoMegabits(gateway, PATH);
    await using browser = await launchChromium();
    await streamReady(gateway, PATH);
    const [port] = gateway.webrtcPorts as [number];
    for (const roundTripMs of ROUND_TRIPS_MS) {
      for (const [lossFraction, maxConcealed] of LOSSES) {
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
          console.log(JSON.stringify({ concealed, freezes, frames }));
          await viewer.leave();
          assert(freezes === 0, told);
          assert(concealed < maxConcealed, told);
        });
      }
    }
  },
);
