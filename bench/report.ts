import type { FanoutResult } from "./fanout.ts";
import type { IngestResult } from "./ingest.ts";
import { median, quantile } from "./statistics.ts";

/** Runs of the same target in the same scenario, in the order of their first runs. */
export function groupRuns<Run>(runs: readonly Run[], keyOf: (run: Run) => string): Run[][] {
  return [...Map.groupBy(runs, keyOf).values()];
}

/** The fan-out as a Markdown table of medians, each scenario's targets one below the other. */
export function fanoutTable(results: readonly FanoutResult[]): string {
  const scenarios = groupRuns(
    results,
    ({ scenario }) => `${scenario.transport} ${scenario.viewers}`,
  );
  const rows = scenarios.flatMap((runs) => {
    const targets = groupRuns(runs, (run) => run.target);
    const nms = targets.find((target) => target[0]!.target.startsWith("NMS"));
    return targets.map((target) => fanoutRow(target, nms));
  });
  return markdownTable([
    ...["Viewers", "Target", "CPU, 0 viewers", "CPU", "per viewer", "of NMS", "KiB/viewer"],
    ...["first byte p50 / p95 ms", "first key frame p50 / p95 ms", "frames", "fewest"],
    ...["gaps", "errors", "viewers' CPU", "idle", "others' CPU"],
  ], rows);
}

function fanoutRow(runs: readonly FanoutResult[], nms: readonly FanoutResult[] | undefined) {
  const { target, scenario } = runs[0]!;
  const of = (value: (run: FanoutResult) => number) => median(runs.map(value));
  const perViewer = of((run) => run.cpuPercentPerViewer);
  const nmsPerViewer = median(nms?.map((run) => run.cpuPercentPerViewer) ?? []);
  const delivered = of((run) => run.frames / run.framesExpected * 100);
  const fewest = of((run) => run.fewestFrames / run.framesExpected * scenario.viewers * 100);
  return [
    `${scenario.viewers} ${scenario.transport.toUpperCase()}`,
    target,
    `${of((run) => run.idleCpuPercent).toFixed(1)} %`,
    `${of((run) => run.cpuPercent).toFixed(1)} %`,
    `${perViewer.toFixed(4)} %`,
    ratio(perViewer, nmsPerViewer),
    of((run) => run.kibPerViewer).toFixed(0),
    quantiles(runs.flatMap((run) => run.firstByteMs)),
    quantiles(runs.flatMap((run) => run.firstKeyFrameMs)),
    `${delivered.toFixed(1)} %`,
    `${fewest.toFixed(1)} %`,
    `${total(runs, (run) => run.gaps)}`,
    `${total(runs, (run) => run.errors)}`,
    `${of((run) => run.viewersCpuPercent).toFixed(0)} %`,
    `${of((run) => run.machineIdlePercent).toFixed(0)} %`,
    `${of((run) => run.othersCpuPercent).toFixed(0)} %`,
  ];
}

/** The ingest as a Markdown table of medians. */
export function ingestTable(results: readonly IngestResult[]): string {
  const scenarios = groupRuns(results, ({ scenario }) => `${scenario.publishers} ${scenario.rate}`);
  const rows = scenarios.flatMap((runs) => {
    const targets = groupRuns(runs, ({ target, scenario }) => `${target} ${scenario.protocol}`);
    const nms = targets.find((target) => target[0]!.target.startsWith("NMS"));
    return targets.map((target) => ingestRow(target, nms));
  });
  return markdownTable([
    ...["Publishers", "Target", "CPU, 0 publishers", "CPU", "per publisher", "of NMS"],
    ...["publishers per core", "KiB/publisher", "Mbit/s each", "accepted p50 / p95 ms"],
    ...["first frame p50 / p95 ms", "stalls", "key frames asked for", "errors"],
    ...["publishers' CPU", "idle", "others' CPU"],
  ], rows);
}

function ingestRow(runs: readonly IngestResult[], nms: readonly IngestResult[] | undefined) {
  const of = (value: (run: IngestResult) => number) => median(runs.map(value));
  const { publishers, rate, protocol } = runs[0]!.scenario;
  const perPublisher = of((run) => run.cpuPercentPerPublisher);
  const nmsPerPublisher = median(nms?.map((run) => run.cpuPercentPerPublisher) ?? []);
  return [
    `${publishers} of ${rate} by ${protocol.toUpperCase()}`,
    runs[0]!.target,
    `${of((run) => run.idleCpuPercent).toFixed(1)} %`,
    `${of((run) => run.cpuPercent).toFixed(1)} %`,
    `${perPublisher.toFixed(3)} %`,
    ratio(perPublisher, nmsPerPublisher),
    of((run) => run.publishersPerCore).toFixed(0),
    of((run) => run.kibPerPublisher).toFixed(0),
    (of((run) => run.bitsPerSecondPerPublisher) / 1e6).toFixed(2),
    quantiles(runs.flatMap((run) => run.acceptedMs)),
    quantiles(runs.flatMap((run) => run.firstFrameMs)),
    `${total(runs, (run) => run.stalls)}`,
    `${total(runs, (run) => run.keyFramesAsked)}`,
    `${total(runs, (run) => run.errors)}`,
    `${of((run) => run.publishersCpuPercent).toFixed(0)} %`,
    `${of((run) => run.machineIdlePercent).toFixed(0)} %`,
    `${of((run) => run.othersCpuPercent).toFixed(0)} %`,
  ];
}

/** The middle of `values`, and what 95 % of them stay below. */
export function quantiles(values: readonly number[]): string {
  return `${quantile(values, 0.5).toFixed(1)} / ${quantile(values, 0.95).toFixed(1)}`;
}

function ratio(value: number, reference: number): string {
  return Number.isNaN(reference) ? "-" : `${(value / reference).toFixed(2)}x`;
}

/** Sum over all runs. */
export function total<Run>(runs: readonly Run[], value: (run: Run) => number): number {
  return runs.reduce((sum, run) => sum + value(run), 0);
}

/** The first errors seen, one line for each target. */
export function errorLines(
  results: readonly { readonly target: string; readonly firstError: string | undefined }[],
): string[] {
  const failed = results.filter((result) => result.firstError !== undefined);
  return groupRuns(failed, (run) => run.target)
    .map((runs) => `First error with ${runs[0]!.target}: ${runs[0]!.firstError}`);
}

/** A Markdown table whose columns line up. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
