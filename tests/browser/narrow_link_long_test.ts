import { assert } from "@std/assert";
import { runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { narrowLinkMissing } from "../../testing/network/narrow_link.ts";
import { chromiumMissing } from "./chromium.ts";
import type { LinkPhase } from "./narrow_link_phase.ts";

/** Of the stream: 2.1 Mbit/s with its sound, and a key frame every two seconds. */
const KEY_FRAME_MS = 2000;

/**
 * As a link becomes narrow, what its queue has lost is no picture any more, and the next key frame may
 * be two seconds away: at 0.4 Mbit/s it takes 1.4 s from there on.
 */
const MAX_FIRST_KEY_FRAME_MS = 1500;

const MAX_FULL_AFTER_MS = 5000;
const MAX_CONCEALED = 0.02;
const MAX_QUEUE_MS = 80;

const ignore = chromiumMissing() || narrowLinkMissing();

async function watch(...phases: string[]): Promise<LinkPhase[]> {
  const module = new URL("narrow_link_watch.ts", import.meta.url);
  return JSON.parse(await runInLossyNetwork(module, phases)) as LinkPhase[];
}

/** A phase without its samples, for messages. */
function told({ frameTimes: _, ...rest }: LinkPhase): string {
  return JSON.stringify(rest);
}

Deno.test({
  name: "links narrower than the stream: sound always, a picture every two seconds, a short queue",
  ignore,
}, async (t) => {
  const phases = await watch("1000:30", "100000:10", "400:30", "100000:10");
  for (const phase of phases) {
    await t.step(`${phase.kbps} kbit/s`, () => {
      console.log(told(phase));
      assert(phase.concealed < MAX_CONCEALED, told(phase));
      assert(phase.queueP95Ms < MAX_QUEUE_MS, told(phase));
      if (phase.kbps < 10_000) {
        assert(phase.longestGapSettledMs <= KEY_FRAME_MS, told(phase));
        assert(phase.longestGapMs <= KEY_FRAME_MS + MAX_FIRST_KEY_FRAME_MS, told(phase));
      } else {assert(
          phase.fullAfterMs !== null && phase.fullAfterMs < MAX_FULL_AFTER_MS,
          told(phase),
        );}
    });
  }
});
