import { assert } from "@std/assert";
import { IS_LONG } from "../../testing/long_form.ts";
import { runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { narrowLinkMissing } from "../../testing/network/narrow_link.ts";
import { chromiumMissing } from "./chromium.ts";
import type { LinkPhase } from "./narrow_link_phase.ts";

/** Of the stream: 2.1 Mbit/s with its sound, and a key frame every two seconds. */
const KEY_FRAME_MS = 2000;

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
  name:
    "on a link of a fifth of the stream, a viewer gets sound and key frames, and all afterwards",
  ignore: ignore || IS_LONG,
}, async () => {
  const [narrow, wide] = await watch("400:12", "100000:6") as [LinkPhase, LinkPhase];
  assert(narrow.frames >= 4, told(narrow));
  assert(narrow.heardPart > 0.95, told(narrow));
  // Most of what is made up was lost before the link was known to be narrow.
  assert(narrow.concealed < 0.15, told(narrow));
  assert(narrow.concealedSettled < 2 * MAX_CONCEALED, told(narrow));
  assert(wide.fullAfterMs !== null && wide.fullAfterMs < MAX_FULL_AFTER_MS, told(wide));
});

Deno.test({
  name: "links narrower than the stream: sound always, a picture every two seconds, a short queue",
  ignore: ignore || !IS_LONG,
}, async (t) => {
  const phases = await watch("1000:30", "100000:10", "400:30", "100000:10");
  for (const phase of phases) {
    await t.step(`${phase.kbps} kbit/s`, () => {
      console.log(told(phase));
      assert(phase.concealed < MAX_CONCEALED, told(phase));
      assert(phase.queueP95Ms < MAX_QUEUE_MS, told(phase));
      if (phase.kbps < 10_000) assert(phase.longestGapMs <= KEY_FRAME_MS, told(phase));
      else assert(phase.fullAfterMs !== null && phase.fullAfterMs < MAX_FULL_AFTER_MS, told(phase));
    });
  }
});
