import { LineProcess } from "./child_process.ts";
import { type JoinTimes, probeJoins, untilLive } from "./join_probe.ts";
import { residentKib, startLoad } from "../testing/process_stats.ts";
import { publishFile } from "./publisher.ts";
import { SOURCE_FPS } from "./source.ts";
import type { RunningServer, Target } from "./targets.ts";
import type { Transport, ViewerAddress } from "./viewer.ts";
import type { ViewersCommand, ViewersReport } from "./viewers.ts";

/** One stream to many viewers of one kind. */
export interface FanoutScenario {
  readonly transport: Transport;
  readonly viewers: number;
  /** See {@linkcode ViewersCommand}. */
  readonly readIntervalMs: number;
  /** CPU is measured for so long, with viewers and, when they have left, without. */
  readonly seconds: number;
  readonly joins: number;
}

/** What one run of a scenario gave; CPU in % of one core. */
export interface FanoutResult {
  readonly target: string;
  readonly scenario: FanoutScenario;
  /** The server with its publisher and no viewer. */
  readonly idleCpuPercent: number;
  readonly cpuPercent: number;
  /** The difference, per viewer. */
  readonly cpuPercentPerViewer: number;
  readonly residentKib: number;
  readonly kibPerViewer: number;
  readonly firstByteMs: readonly number[];
  readonly firstKeyFrameMs: readonly number[];
  readonly framesExpected: number;
  readonly frames: number;
  readonly fewestFrames: number;
  readonly gaps: number;
  readonly bitsPerSecondPerViewer: number;
  readonly errors: number;
  readonly firstError: string | undefined;
  readonly viewersCpuPercent: number;
  readonly machineIdlePercent: number;
  readonly othersCpuPercent: number;
}

const STREAM = "/live/bench";
const JOINS_PER_SECOND = 200;
/** Compilers and heaps come to rest within a few seconds. */
const SETTLE_MS = 4000;
/** No divisor of the source's 2 s between key frames: joins fall everywhere between them. */
const JOIN_INTERVAL_MS = 137;

/** Starts the target, its publisher and the viewers, measures, and ends them all. */
export async function runFanout(
  target: Target,
  source: string,
  scenario: FanoutScenario,
): Promise<FanoutResult> {
  await using server = await target.start();
  await using _publisher = publishFile(source, `rtmp://127.0.0.1:${server.rtmpPort}${STREAM}`);
  const address = addressOf(server, scenario.transport);
  await untilLive(address);
  await delay(SETTLE_MS);
  const idleKib = residentKib(server.pid);
  const { kib, ...watched } = await watch(server, address, scenario);
  const idleCpuPercent = await measureIdle(server, scenario.seconds);
  return {
    target: target.name,
    scenario,
    idleCpuPercent,
    ...watched,
    cpuPercentPerViewer: (watched.cpuPercent - idleCpuPercent) / scenario.viewers,
    residentKib: kib,
    kibPerViewer: (kib - idleKib) / scenario.viewers,
  };
}

function addressOf(server: RunningServer, transport: Transport): ViewerAddress {
  return transport === "rtmp"
    ? { transport, port: server.rtmpPort, path: STREAM }
    : { transport, port: server.httpPort, path: `${STREAM}.flv` };
}

/** With viewers, until they leave. */
async function watch(server: RunningServer, address: ViewerAddress, scenario: FanoutScenario) {
  const { viewers, readIntervalMs, seconds, joins } = scenario;
  await using crowd = new LineProcess<ViewersCommand, ViewersReport>("viewers.ts");
  const joinsPerSecond = JOINS_PER_SECOND;
  await crowd.request({ kind: "open", address, count: viewers, joinsPerSecond, readIntervalMs });
  await delay(SETTLE_MS);
  const measured = await measureCrowd(server, crowd, seconds);
  const kib = residentKib(server.pid);
  const joinTimes = await probeJoins(address, joins, JOIN_INTERVAL_MS);
  const { errors, firstError } = await crowd.request({ kind: "report" });
  return { kib, ...measured, ...summariseJoins(joinTimes, errors, firstError) };
}

/**
 * Without viewers, after they have left: before they came, compilers had not seen the server's busy
 * paths, and what they cost later would count as if it was the viewers'.
 */
async function measureIdle(server: RunningServer, seconds: number): Promise<number> {
  await delay(SETTLE_MS);
  const load = startLoad([server.pid]);
  await delay(seconds * 1000);
  return load().processPercents[0]!;
}

async function measureCrowd(
  server: RunningServer,
  crowd: LineProcess<ViewersCommand, ViewersReport>,
  seconds: number,
) {
  await crowd.request({ kind: "mark" });
  const load = startLoad([server.pid, crowd.pid]);
  await delay(seconds * 1000);
  const { processPercents, idlePercent, othersPercent } = load();
  const report = await crowd.request({ kind: "report" });
  return {
    cpuPercent: processPercents[0]!,
    viewersCpuPercent: processPercents[1]!,
    machineIdlePercent: idlePercent,
    othersCpuPercent: othersPercent,
    framesExpected: Math.round(report.viewers * report.ms / 1000 * SOURCE_FPS),
    frames: report.videoFrames,
    fewestFrames: report.fewestVideoFrames,
    gaps: report.gaps,
    bitsPerSecondPerViewer: report.bytes * 8000 / report.ms / report.viewers,
  };
}

function summariseJoins(
  joins: readonly JoinTimes[],
  crowdErrors: number,
  crowdError: string | undefined,
) {
  const failed = joins.filter((join) => join.firstKeyFrameMs === undefined || join.error);
  return {
    firstByteMs: joins.flatMap((join) => join.firstByteMs ?? []),
    firstKeyFrameMs: joins.flatMap((join) => join.firstKeyFrameMs ?? []),
    errors: crowdErrors + failed.length,
    firstError: crowdError ??
      (failed.length > 0 ? failed[0]!.error ?? "join timed out" : undefined),
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
