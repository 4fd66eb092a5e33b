/** One stream to many WebRTC viewers: what they cost, and what it costs when they come. */
import { LineProcess } from "./child_process.ts";
import { untilLive } from "./join_probe.ts";
import { cpuSeconds, droppedDatagrams, residentKib, startLoad } from "../testing/process_stats.ts";
import { publishFile } from "./publisher.ts";
import { SOURCE_FPS } from "./source.ts";
import type { RunningServer, Target } from "./targets.ts";
import type { WhepAddress } from "./whep_viewer.ts";
import type { WhepJoin, WhepViewersCommand, WhepViewersReport } from "./whep_viewers.ts";

/** One stream to many viewers by WebRTC. */
export interface WhepScenario {
  readonly transport: "udp" | "tcp";
  readonly viewers: number;
  /** CPU is measured for so long, with viewers and, when they have left, without. */
  readonly seconds: number;
  /** Joins one after another: with the viewers there, for their times; without, for their CPU. */
  readonly joins: number;
}

/** What one run of a scenario gave; CPU in % of one core. */
export interface WhepResult {
  readonly target: string;
  readonly scenario: WhepScenario;
  /** The server with its publisher and no viewer. */
  readonly idleCpuPercent: number;
  /** With one viewer, for whom sound is transcoded. */
  readonly oneViewerCpuPercent: number;
  readonly cpuPercent: number;
  /** The difference to idling, per viewer. Sound that is transcoded is in it, once for all. */
  readonly cpuPercentPerViewer: number;
  readonly packetsPerSecondPerViewer: number;
  /** The same difference, per packet received. */
  readonly cpuUsPerPacket: number;
  /** The difference to one viewer, per packet of the others; 0 if there are none. */
  readonly furtherUsPerPacket: number;
  readonly bitsPerSecondPerViewer: number;
  readonly kibPerViewer: number;
  readonly framesExpected: number;
  readonly frames: number;
  readonly fewestFrames: number;
  /** Packets missing from the sequence, and datagrams that found any process's socket full. */
  readonly lost: number;
  readonly droppedBySockets: number;
  readonly checked: number;
  readonly unanswered: number;
  readonly joins: readonly WhepJoin[];
  /** Server's CPU per join without its packets at {@linkcode furtherUsPerPacket}. */
  readonly cpuMsPerJoin: number;
  readonly storm: readonly WhepJoin[];
  readonly stormCpuMsPerJoin: number;
  readonly errors: number;
  readonly firstError: string | undefined;
  readonly viewersCpuPercent: number;
  readonly machineIdlePercent: number;
  readonly othersCpuPercent: number;
}

/** What goes on beside joins. */
type Costs = Pick<WhepResult, "oneViewerCpuPercent" | "furtherUsPerPacket">;
type Crowd = LineProcess<WhepViewersCommand, WhepViewersReport>;

const STREAM = "/live/bench";
const JOINS_PER_SECOND = 25;
const SETTLE_MS = 4000;
/** No divisor of the source's 2 s between key frames: joins fall everywhere between them. */
const PROBE_STAY_MS = 237;
/** Joins alone: a lone viewer's packets cost more than those of a crowd, and are left out so. */
const SERIAL_STAY_MS = 0;
/** All catch up with the stream at the same time. */
const STORM_STAY_MS = 1000;
const STORM_JOINS = 60;
/** The first joins of a process wait for its own compilers. */
const WARM_UP_JOINS = 10;

/** Starts the target, its publisher and the viewers, measures, and ends them all. */
export async function runWhep(
  target: Target,
  source: string,
  scenario: WhepScenario,
): Promise<WhepResult> {
  const { transport, seconds, viewers } = scenario;
  await using server = await target.start();
  await using _publisher = publishFile(source, `rtmp://127.0.0.1:${server.rtmpPort}${STREAM}`);
  const { httpPort } = server;
  await untilLive({ transport: "http", port: httpPort, path: `${STREAM}.flv` });
  const address: WhepAddress = { transport, httpPort, path: `${STREAM}/whep` };
  await delay(SETTLE_MS);
  const idleKib = residentKib(server.pid);
  const joinsPerSecond = JOINS_PER_SECOND;
  await using crowd: Crowd = new LineProcess("whep_viewers.ts");
  await crowd.request({ kind: "open", address, count: viewers, joinsPerSecond });
  await delay(SETTLE_MS);
  const measured = await measureCrowd(server, crowd, seconds);
  const kibPerViewer = (residentKib(server.pid) - idleKib) / viewers;
  const joins = await probeJoins(address, scenario.joins);
  const { errors, firstError } = await crowd.request({ kind: "leave" });
  const idleCpuPercent = await measureAlone(server, seconds);
  // One viewer stays from here on: what is done once for all, as sound, is then no cost of a join.
  await crowd.request({ kind: "open", address, count: 1, joinsPerSecond });
  const oneViewerCpuPercent = await measureAlone(server, seconds);
  const { packetsPerSecond, ...watched } = measured;
  const cpuUsPerPacket = (watched.cpuPercent - idleCpuPercent) * 1e4 / packetsPerSecond;
  // What further viewers' packets cost, without what is done once for all.
  const mediaCpuPercent = watched.cpuPercent - oneViewerCpuPercent;
  const furtherUsPerPacket = viewers > 1
    ? mediaCpuPercent * 1e4 / (packetsPerSecond * (1 - 1 / viewers))
    : 0;
  const costs = { oneViewerCpuPercent, furtherUsPerPacket };
  const { serial, storm } = await measureArrivals(server, crowd, costs, address, scenario.joins);
  const failed = [...joins, ...serial.joins, ...storm.joins].flatMap(({ failure }) =>
    failure ?? []
  );
  return {
    target: target.name,
    scenario,
    idleCpuPercent,
    cpuUsPerPacket,
    ...costs,
    ...watched,
    cpuPercentPerViewer: (watched.cpuPercent - idleCpuPercent) / viewers,
    packetsPerSecondPerViewer: packetsPerSecond / viewers,
    kibPerViewer,
    joins,
    cpuMsPerJoin: serial.cpuMsPerJoin,
    storm: storm.joins,
    stormCpuMsPerJoin: storm.cpuMsPerJoin,
    errors: errors + failed.length,
    firstError: firstError ?? failed[0],
  };
}

async function measureCrowd(server: RunningServer, crowd: Crowd, seconds: number) {
  await crowd.request({ kind: "mark" });
  const droppedBefore = droppedDatagrams();
  const load = startLoad([server.pid, crowd.pid]);
  await delay(seconds * 1000);
  const { processPercents, idlePercent, othersPercent } = load();
  const report = await crowd.request({ kind: "report" });
  return {
    cpuPercent: processPercents[0]!,
    viewersCpuPercent: processPercents[1]!,
    machineIdlePercent: idlePercent,
    othersCpuPercent: othersPercent,
    packetsPerSecond: report.packets * 1000 / report.ms,
    bitsPerSecondPerViewer: report.bytes * 8000 / report.ms / report.viewers,
    framesExpected: Math.round(report.viewers * report.ms / 1000 * SOURCE_FPS),
    frames: report.videoFrames,
    fewestFrames: report.fewestVideoFrames,
    lost: report.lost,
    droppedBySockets: droppedDatagrams() - droppedBefore,
    checked: report.checked,
    unanswered: report.unanswered,
  };
}

/** Joins while others watch, from a process that has nothing else to do. */
async function probeJoins(address: WhepAddress, count: number): Promise<readonly WhepJoin[]> {
  await using probe: Crowd = new LineProcess("whep_viewers.ts");
  const command = { kind: "join", order: "serial", stayMs: PROBE_STAY_MS, address } as const;
  await probe.request({ ...command, count: WARM_UP_JOINS });
  return (await probe.request({ ...command, count })).joins;
}

/**
 * The server's CPU while nobody comes or goes. Without viewers, only after they have left: see the
 * same of FLV's fan-out.
 */
async function measureAlone(server: RunningServer, seconds: number): Promise<number> {
  await delay(SETTLE_MS);
  const load = startLoad([server.pid]);
  await delay(seconds * 1000);
  return load().processPercents[0]!;
}

/** Joins one after another, then many at once. */
async function measureArrivals(
  server: RunningServer,
  crowd: Crowd,
  costs: Costs,
  address: WhepAddress,
  count: number,
) {
  const serial = await measureJoins(server, crowd, costs, {
    ...{ kind: "join", order: "serial", stayMs: SERIAL_STAY_MS, count, address },
  });
  const storm = await measureJoins(server, crowd, costs, {
    ...{ kind: "join", order: "storm", stayMs: STORM_STAY_MS, count: STORM_JOINS, address },
  });
  return { serial, storm };
}

/** The server's CPU for joins alone: without what it does anyway, and the packets that arrived. */
async function measureJoins(
  server: RunningServer,
  crowd: Crowd,
  costs: Costs,
  command: WhepViewersCommand & { kind: "join" },
) {
  const startMs = performance.now();
  const cpuBefore = cpuSeconds(server.pid);
  const { joins } = await crowd.request(command);
  const cpuMs = (cpuSeconds(server.pid) - cpuBefore) * 1000;
  const anywayMs = (performance.now() - startMs) * costs.oneViewerCpuPercent / 100;
  const packets = joins.reduce((sum, join) => sum + join.packets, 0);
  const mediaMs = packets * costs.furtherUsPerPacket / 1000;
  return { joins, cpuMsPerJoin: (cpuMs - anywayMs - mediaMs) / joins.length };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
