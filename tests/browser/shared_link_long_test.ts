import { assert } from "@std/assert";
import { narrowLinkMissing } from "../../testing/network/narrow_link.ts";
import { runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { chromiumMissing } from "./chromium.ts";
import type { LinkPhase } from "./narrow_link_phase.ts";
import type { SharedPhase, Sharing } from "./shared_link_watch.ts";

const MAX_CONCEALED = 0.02;
/** Key frames come every two seconds: of two in a row, one is sent at least. */
const MAX_GAP_MS = 4000;
/** So long after a change it is to hold; what was on the way when the link fell comes in addition. */
const SETTLE_MS = 2000;
const MAX_FULL_AFTER_MS = 10_000;
/** Of two that share a link, neither gets less than this part of what the other does. */
const LEAST_PART = 0.25;
/** A sender of TCP that takes all that it can fills the queue: a viewer shares what it leaves. */
const MAX_FILLED_GAP_MS = 6000;

const ignore = chromiumMissing() || narrowLinkMissing();

async function watch(sharing: Sharing): Promise<SharedPhase[]> {
  const module = new URL("shared_link_watch.ts", import.meta.url);
  const phases = ["100000:4", "1000:30", "100000:10"];
  return JSON.parse(await runInLossyNetwork(module, [sharing, ...phases])) as SharedPhase[];
}

/** A phase without its samples, for messages. */
function told({ viewers, ...rest }: SharedPhase): string {
  return JSON.stringify({
    ...rest,
    viewers: viewers.map(({ frameTimes: _, ...phase }) => phase),
  });
}

function assertKept(
  { concealedSettled, longestGapMs, longestGapSettledMs }: LinkPhase,
  gapMs: number,
  why: string,
) {
  assert(concealedSettled < MAX_CONCEALED, `sound: ${why}`);
  assert(longestGapSettledMs <= gapMs, `pictures: ${why}`);
  assert(longestGapMs <= gapMs + SETTLE_MS, `pictures at first: ${why}`);
}

Deno.test(
  { name: "two viewers on a link that carries a quarter of both: neither starves", ignore },
  async () => {
    const [, narrow, wide] = await watch("two over udp") as [SharedPhase, SharedPhase, SharedPhase];
    console.log(told(narrow));
    for (const viewer of narrow.viewers) {
      assertKept(viewer, MAX_GAP_MS, told(narrow));
      assert(viewer.concealed < MAX_CONCEALED, told(narrow));
    }
    const [less, more] = narrow.viewers.map(({ bytes }) => bytes).toSorted((a, b) => a - b);
    assert(less! >= LEAST_PART * more!, told(narrow));
    for (const { fullAfterMs } of wide.viewers) {
      assert(
        fullAfterMs! < MAX_FULL_AFTER_MS,
        told(wide),
      );
    }
  },
);

Deno.test({ name: "a viewer beside a download by TCP: neither starves", ignore }, async () => {
  const [, narrow] = await watch("download by cubic") as [SharedPhase, SharedPhase];
  console.log(told(narrow));
  const [viewer] = narrow.viewers as [LinkPhase];
  assertKept(viewer, MAX_FILLED_GAP_MS, told(narrow));
  const [less, more] = [viewer.bytes, narrow.downloadedBytes].toSorted((a, b) => a - b);
  assert(less! >= LEAST_PART * more!, told(narrow));
});

Deno.test(
  { name: "a viewer over TCP on a narrow link has sound and pictures", ignore },
  async () => {
    const [, narrow, wide] = await watch("alone over cubic") as [
      SharedPhase,
      SharedPhase,
      SharedPhase,
    ];
    console.log(told(narrow));
    const [viewer] = narrow.viewers as [LinkPhase];
    assertKept(viewer, MAX_GAP_MS, told(narrow));
    assert(wide.viewers[0]!.fullAfterMs! < MAX_FULL_AFTER_MS, told(wide));
  },
);
