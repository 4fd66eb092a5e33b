/** How long viewers by WebRTC wait for the pictures of a stream, by who publishes it. */
import { LineProcess } from "./child_process.ts";
import { untilLive } from "./join_probe.ts";
import { portOf } from "./publish_probe.ts";
import type { PublishersCommand, PublishersReport } from "./publishers.ts";
import type { PublishProtocol } from "./publishing.ts";
import { groupRuns, markdownTable, quantiles, total } from "./report.ts";
import type { Target } from "./targets.ts";
import type { WhepAddress } from "./whep_viewer.ts";
import type { WhepJoin, WhepViewersCommand, WhepViewersReport } from "./whep_viewers.ts";

/** One publisher, and viewers one after another. */
export interface WhipJoinsScenario {
  readonly protocol: PublishProtocol;
  /** When there are key frames. */
  readonly keyFrames: "every 2 s" | "when asked";
  readonly joins: number;
}

/** What one run gave. */
export interface WhipJoinsResult {
  readonly target: string;
  readonly scenario: WhipJoinsScenario;
  readonly joins: readonly WhepJoin[];
  /** Key frames that the publisher was asked for. */
  readonly keyFramesAsked: number;
  readonly firstError: string | undefined;
}

/** The first joins of a process wait for its own compilers. */
const WARM_UP_JOINS = 10;
/**
 * How far back a log reaches, and how long a viewer stays. Where key frames are sent on demand only,
 * the last one is too old for the next viewer, as it is after 10 s by default; elsewhere viewers come
 * everywhere between those of every two seconds.
 */
const TERMS = {
  "every 2 s": { settings: {}, stayMs: 237 },
  "when asked": { settings: { log: { windowMs: 1000 } }, stayMs: 1237 },
} as const;

/** Starts the target and its publisher, and has viewers join. */
export async function runWhipJoins(
  target: Target,
  file: string,
  scenario: WhipJoinsScenario,
): Promise<WhipJoinsResult> {
  const { protocol, keyFrames, joins: count } = scenario;
  const { settings, stayMs } = TERMS[keyFrames];
  await using server = await target.start(settings);
  await using publishers = new LineProcess<PublishersCommand, PublishersReport>("publishers.ts");
  const port = portOf(server, protocol);
  await publishers.request({ kind: "open", protocol, port, count: 1, file });
  await untilLive({ transport: "rtmp", port: server.rtmpPort, path: "/live/bench0" });
  await using viewers = new LineProcess<WhepViewersCommand, WhepViewersReport>("whep_viewers.ts");
  const address: WhepAddress = {
    transport: "udp",
    httpPort: server.httpPort,
    path: "/live/bench0/whep",
  };
  const command = { kind: "join", order: "serial", stayMs, address } as const;
  await viewers.request({ ...command, count: WARM_UP_JOINS });
  const before = await publishers.request({ kind: "report" });
  const { joins } = await viewers.request({ ...command, count });
  const after = await publishers.request({ kind: "report" });
  return {
    target: target.name,
    scenario,
    joins,
    keyFramesAsked: after.keyFramesAsked - before.keyFramesAsked,
    firstError: after.firstError ?? joins.find(({ failure }) => failure !== undefined)?.failure,
  };
}

/** Joins as a Markdown table, over all rounds. */
export function whipJoinsTable(results: readonly WhipJoinsResult[]): string {
  const kinds = groupRuns(results, ({ target, scenario: { protocol, keyFrames } }) => {
    return `${target} ${protocol} ${keyFrames}`;
  });
  return markdownTable([
    ...["Published by", "Key frames", "Target", "joins", "asked for", "answer p50 / p95 ms"],
    ...["first packet p50 / p95 ms", "first key frame p50 / p95 ms", "joins failed"],
  ], kinds.map(row));
}

function row(runs: readonly WhipJoinsResult[]): string[] {
  const { target, scenario: { protocol, keyFrames } } = runs[0]!;
  const joins = runs.flatMap((run) => run.joins);
  const times = (value: (join: WhepJoin) => number | undefined) =>
    quantiles(joins.flatMap((join) => value(join) ?? []));
  return [
    protocol.toUpperCase(),
    keyFrames,
    target,
    `${joins.length}`,
    `${total(runs, (run) => run.keyFramesAsked)}`,
    times((join) => join.answerMs),
    times((join) => join.firstPacketMs),
    times((join) => join.firstKeyFrameMs),
    `${joins.filter(({ firstKeyFrameMs }) => firstKeyFrameMs === undefined).length}`,
  ];
}
