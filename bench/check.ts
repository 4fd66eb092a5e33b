import type { FanoutResult } from "./fanout.ts";
import { groupRuns } from "./report.ts";
import { median } from "./statistics.ts";

/**
 * CPU per viewer as a part of what node-media-server takes in the same run, as measured on a quiet
 * machine: 300 viewers of each transport, one shard, the default write interval.
 */
export const COMMITTED_RATIOS: Readonly<Record<string, number>> = {
  "300 http": 0.5,
  "300 ws": 0.42,
  "300 rtmp": 0.58,
};

/** What a ratio may be multiplied by on a quiet machine, in percent of it. */
export const DEFAULT_MARGIN_PERCENT = 140;

/** What `--check` runs. */
export const CHECK_OPTIONS = {
  parts: ["fanout", "ws", "rtmp"],
  targets: ["sluice", "nms"],
  httpViewers: [300],
  wsViewers: [300],
  rtmpPlayers: [300],
  shards: [1],
  flushMs: [undefined],
  seconds: 5,
  rounds: 3,
  joins: 10,
} as const;

/**
 * What is dearer than it was, one line each; empty if all is as committed.
 *
 * @param marginPercent what a ratio may be, in percent of the committed one
 */
export function checkRatios(
  results: readonly FanoutResult[],
  marginPercent = DEFAULT_MARGIN_PERCENT,
): string[] {
  return Object.entries(COMMITTED_RATIOS).flatMap(([scenario, committed]) => {
    const runs = results.filter(({ scenario: { viewers, transport } }) =>
      `${viewers} ${transport}` === scenario
    );
    const [nms = [], sluice = []] = groupRuns(runs, (run) => run.target).toSorted((
      [one],
      [other],
    ) => Number(other!.target.startsWith("NMS")) - Number(one!.target.startsWith("NMS")));
    const ratio = costOf(sluice) / costOf(nms);
    const limit = committed * marginPercent / 100;
    if (ratio <= limit) return [];
    return [`${scenario}: ${ratio.toFixed(2)} of node-media-server, may be ${limit.toFixed(2)}`];
  });
}

function costOf(runs: readonly FanoutResult[]): number {
  return median(runs.map(({ cpuPercentPerViewer }) => cpuPercentPerViewer));
}
