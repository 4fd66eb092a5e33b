/** Two viewers at the end of one narrow link. */
import { assertLess } from "@std/assert";
import { SimulatedLink } from "../../testing/network/simulated_link.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { NarrowViewer } from "./narrow_viewer.ts";

const STEP_MS = 4;
/** How long it takes until each has its part, and for how long they are watched. */
const SETTLE_MS = 12_000;
const WATCHED_MS = 60_000;

function share(capacityBps: number, cutMs: number) {
  const conditions = { queueMs: 600, roundTripMs: 10, lossFraction: 0, burstBytes: 1600 };
  const link = new SimulatedLink({ capacityBps: 100e6, ...conditions }, seededRandom(5));
  const viewers = [new NarrowViewer({}, link), new NarrowViewer({}, link)];
  const run = (untilMs: number) => {
    for (let nowMs = viewers[0]!.nowMs + STEP_MS; nowMs <= untilMs; nowMs += STEP_MS) {
      for (const viewer of viewers) viewer.run(nowMs);
    }
  };
  run(cutMs);
  link.change({ capacityBps }, cutMs);
  const fromMs = cutMs + SETTLE_MS;
  const endMs = cutMs + WATCHED_MS;
  run(fromMs);
  const before = viewers.map(({ opened: { viewer } }) => viewer.octetCount);
  run(endMs);
  return {
    gapsMs: viewers.map((viewer) => viewer.longestGapMs(fromMs, endMs)),
    missed: viewers.map((viewer) => viewer.missedSound(fromMs, endMs)),
    bytes: viewers.map(({ opened: { viewer } }, at) => viewer.octetCount - before[at]!),
    queueMs: viewers[0]!.queueP95Ms(fromMs, endMs),
  };
}

/** When the link falls, within a group of pictures. */
const CUTS_MS = Array.from({ length: 20 }, (_, at) => 5000 + 97 * at);

for (const [capacityBps, maxGapMs] of [[1_500_000, 1500], [1_000_000, 2200]] as const) {
  Deno.test(`RtpViewer: two viewers of a link of ${capacityBps / 1e6} Mbit/s get about as much of it`, () => {
    const shares = CUTS_MS.map((cutMs) => ({ cutMs, ...share(capacityBps, cutMs) }));
    const ratios = shares.map(({ bytes }) => Math.max(...bytes) / Math.min(...bytes));
    assertLess(mean(ratios), 1.6, `${ratios}`);
    const gapsMs = shares.map((shared) => Math.max(...shared.gapsMs)).sort((one, other) =>
      one - other
    );
    assertLess(gapsMs[gapsMs.length / 2]!, maxGapMs, `${gapsMs}`);
    for (const shared of shares) {
      const told = JSON.stringify(shared);
      assertLess(Math.max(...shared.bytes), 3.5 * Math.min(...shared.bytes), told);
      assertLess(Math.max(...shared.gapsMs), 8000, told);
      assertLess(Math.max(...shared.missed), 0.02, told);
      assertLess(shared.queueMs, 110, told);
    }
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
