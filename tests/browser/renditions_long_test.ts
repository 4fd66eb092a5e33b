/** A WebRTC viewer of a stream in three sizes, over a link that becomes narrow and wide again. */
import { assert } from "@std/assert";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { THREE_SIZES } from "../interop/rendition_publisher.ts";
import { chromiumMissing } from "./chromium.ts";
import {
  firstOfWidthMs,
  inShort,
  longestPauseMs,
  type ShownPhase,
  widthsOf,
} from "./shown_phase.ts";

const NAME = "over WebRTC a viewer is shown the pictures that fit its link";
const ignore = chromiumMissing() || lossyNetworkMissing() || isPeerMissing(NAME, ["ffmpeg"]);

const [LARGE, , SMALL] = THREE_SIZES.map(({ width }) => width) as [number, number, number];

/** What must hold. */
const BARS = { pauseMs: 500, downMs: 1500, upMs: 8000, concealed: 0.02 };

/** Kilobits a second and seconds, behind a beginning in which the viewer joins. */
const PHASES = ["3000:5", "3000:30", "1000:30", "500:30", "3000:30"];

Deno.test({ name: NAME, ignore }, async (t) => {
  const watch = new URL("renditions_watch.ts", import.meta.url);
  const phases = JSON.parse(await runInLossyNetwork(watch, PHASES)) as ShownPhase[];
  const told = inShort(phases);
  console.log(told);
  for (const [at, phase] of phases.entries()) {
    const before = phases[at - 1]?.kbps ?? phase.kbps;
    await t.step(`${phase.kbps} kbit/s, ${before} before`, () => {
      // It joins at the beginning.
      if (at > 0) assertLively(phase, told);
      if (phase.kbps < before) {
        const width = widthsOf(phase)[0]!;
        if (width === SMALL) return;
        assert(firstOfWidthMs(phase, (other) => other < width) <= BARS.downMs, told);
      }
      if (phase.kbps > before) {
        const width = widthsOf(phase)[0]!;
        assert(firstOfWidthMs(phase, (other) => other > width) <= BARS.upMs, told);
        assert(widthsOf(phase).includes(LARGE), told);
      }
    });
  }
});

function assertLively(phase: ShownPhase, told: string): void {
  assert(longestPauseMs(phase) <= BARS.pauseMs, told);
  assert(phase.concealedFraction < BARS.concealed, told);
}
