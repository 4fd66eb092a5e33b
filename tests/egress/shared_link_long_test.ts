/** Two viewers at the end of one narrow link. */
import { assert } from "@std/assert";
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

for (const [capacityBps, maxGapMs] of [[1_500_000, 1500], [1_000_000, 4000]] as const) {
  Deno.test(`RtpViewer: two viewers of a link of ${capacityBps / 1e6} Mbit/s get about as much of it`, () => {
    for (const cutMs of [5000, 5500, 6000, 6700]) {
      const shared = share(capacityBps, cutMs);
      const told = `${cutMs}: ${JSON.stringify(shared)}`;
      assert(Math.max(...shared.bytes) <= 2.5 * Math.min(...shared.bytes), told);
      assert(Math.max(...shared.gapsMs) <= maxGapMs, told);
      assert(Math.max(...shared.missed) < 0.02, told);
      assert(shared.queueMs < 100, told);
    }
  });
}
