import { assertEquals, assertMatch } from "@std/assert";
import { checkRatios, COMMITTED_RATIOS } from "./check.ts";
import type { FanoutResult } from "./fanout.ts";

/** Runs of both servers in each scenario, Sluice at `factor` times its committed part. */
function runs(factor: number): FanoutResult[] {
  return Object.entries(COMMITTED_RATIOS).flatMap(([name, ratio]) => {
    const [viewers, transport] = name.split(" ");
    const scenario = { viewers: Number(viewers), transport };
    return [
      { target: "Sluice, 1 shard", scenario, cpuPercentPerViewer: 0.05 * ratio * factor },
      { target: "NMS 4.4.3 (Node)", scenario, cpuPercentPerViewer: 0.05 },
    ] as unknown as FanoutResult[];
  });
}

Deno.test("ratios as committed pass, and somewhat dearer ones", () => {
  assertEquals(checkRatios(runs(1)), []);
  assertEquals(checkRatios(runs(1.3)), []);
  assertEquals(checkRatios(runs(1.9), 200), []);
});

Deno.test("what became dearer is named, and what was not measured", () => {
  assertEquals(checkRatios(runs(1.5)).length, Object.keys(COMMITTED_RATIOS).length);
  assertMatch(checkRatios(runs(1.5))[0]!, /^300 http: 0\.75 of node-media-server, may be 0\.70$/);
  assertEquals(checkRatios([]).length, Object.keys(COMMITTED_RATIOS).length);
});
