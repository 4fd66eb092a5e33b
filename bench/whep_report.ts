import { groupRuns, markdownTable, quantiles, total } from "./report.ts";
import { median } from "./statistics.ts";
import type { WhepResult } from "./whep.ts";
import type { WhepJoin } from "./whep_viewers.ts";

/** What belongs beside the table. */
export const WHEP_NOTES = [
  "CPU per packet, per viewer and KiB are differences to the server without viewers, so that sound",
  "that is transcoded for all of them counts: it weighs on the figures of 1 viewer, and on no other.",
  "How many streams' sound a core transcodes: deno bench -A bench/audio_bench.ts.",
  "Joins are timed from before the POST, one after another while the others watch. CPU per join is",
  "measured with one other viewer, less what that costs and less what the packets received cost",
  "(in the row of 1 viewer that is not known, and they are in). Full sockets are those of all",
  "processes on the machine.",
  "The storm is 60 joins at once from one process, whose own handshakes take as long as the server's.",
  "The viewers check and decrypt the first 200 packets of each and one in 50 afterwards, answer with",
  "receiver reports, do not ask for packets again, and run in one process with a socket for each.",
  "No server on npm has WHEP. Others at 100 viewers of such a stream, measured elsewhere on a machine",
  "of this class: SRS 7.0.18 0.43 % per viewer at 279 packets/s and first key frame after 130 ms;",
  "ZLMediaKit, video only, 0.14 % at 206 packets/s and after 1000 ms.",
] as const;

/** WebRTC as Markdown tables of medians: what viewers cost, and what joins cost. */
export function whepTable(results: readonly WhepResult[]): string {
  const runs = groupRuns(results, ({ scenario, target }) => `${scenario.viewers} ${target}`);
  const watching = markdownTable([
    ...[
      "Viewers",
      "Target",
      "CPU, 0 viewers",
      "1 viewer",
      "CPU",
      "per viewer",
      "packets/s",
      "us/packet",
    ],
    ...["Mbit/s", "KiB/viewer", "frames", "fewest", "lost", "sockets full", "unanswered checks"],
    ...["checked", "errors", "viewers' CPU", "each", "idle", "others' CPU"],
  ], runs.map(watchingRow));
  const joining = markdownTable([
    ...["Viewers", "Target", "answer p50 / p95 ms", "keys p50 / p95 ms"],
    ...["first packet p50 / p95 ms", "first key frame p50 / p95 ms", "joins failed"],
    ...["CPU/join ms", "storm connected", "hung", "storm key frame p50 / p95 ms"],
    ...["storm CPU/join ms"],
  ], runs.map(joiningRow));
  return `${watching}\n\n${joining}`;
}

function watchingRow(runs: readonly WhepResult[]): string[] {
  const { scenario: { viewers }, target } = runs[0]!;
  const of = (value: (run: WhepResult) => number) => median(runs.map(value));
  const delivered = of((run) => run.frames / run.framesExpected * 100);
  const fewest = of((run) => run.fewestFrames / run.framesExpected * viewers * 100);
  return [
    `${viewers}`,
    target,
    `${of((run) => run.idleCpuPercent).toFixed(1)} %`,
    `${of((run) => run.oneViewerCpuPercent).toFixed(1)} %`,
    `${of((run) => run.cpuPercent).toFixed(1)} %`,
    `${of((run) => run.cpuPercentPerViewer).toFixed(3)} %`,
    of((run) => run.packetsPerSecondPerViewer).toFixed(0),
    of((run) => run.cpuUsPerPacket).toFixed(1),
    (of((run) => run.bitsPerSecondPerViewer) / 1e6).toFixed(2),
    of((run) => run.kibPerViewer).toFixed(0),
    `${delivered.toFixed(1)} %`,
    `${fewest.toFixed(1)} %`,
    `${total(runs, (run) => run.lost)}`,
    `${total(runs, (run) => run.droppedBySockets)}`,
    `${total(runs, (run) => run.unanswered)}`,
    `${total(runs, (run) => run.checked)}`,
    `${total(runs, (run) => run.errors)}`,
    `${of((run) => run.viewersCpuPercent).toFixed(0)} %`,
    `${of((run) => run.viewersCpuPercent / viewers).toFixed(2)} %`,
    `${of((run) => run.machineIdlePercent).toFixed(0)} %`,
    `${of((run) => run.othersCpuPercent).toFixed(0)} %`,
  ];
}

function joiningRow(runs: readonly WhepResult[]): string[] {
  const { scenario: { viewers }, target } = runs[0]!;
  const joins = runs.flatMap((run) => run.joins);
  const storm = runs.flatMap((run) => run.storm);
  const times = (of: readonly WhepJoin[], value: (join: WhepJoin) => number | undefined) =>
    quantiles(of.flatMap((join) => value(join) ?? []));
  const connected = storm.filter(hasKeyFrame).length;
  return [
    `${viewers}`,
    target,
    times(joins, (join) => join.answerMs),
    times(joins, (join) => join.keysMs),
    times(joins, (join) => join.firstPacketMs),
    times(joins, (join) => join.firstKeyFrameMs),
    `${joins.length - joins.filter(hasKeyFrame).length}`,
    median(runs.map((run) => run.cpuMsPerJoin)).toFixed(1),
    `${connected} of ${storm.length}`,
    `${storm.length - connected}`,
    times(storm, (join) => join.firstKeyFrameMs),
    median(runs.map((run) => run.stormCpuMsPerJoin)).toFixed(1),
  ];
}

function hasKeyFrame({ firstKeyFrameMs }: WhepJoin): boolean {
  return firstKeyFrameMs !== undefined;
}
