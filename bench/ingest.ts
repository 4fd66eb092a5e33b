import { LineProcess } from "./child_process.ts";
import { probeJoin } from "./join_probe.ts";
import { residentKib, startLoad } from "../testing/process_stats.ts";
import type { PublishersCommand, PublishersReport } from "./publishers.ts";
import { portOf, probePublishes } from "./publish_probe.ts";
import type { PublishProtocol } from "./publishing.ts";
import type { RunningServer, Target } from "./targets.ts";

/** Many streams without a viewer. */
export interface IngestScenario {
  readonly protocol: PublishProtocol;
  readonly publishers: number;
  /** What each of them sends: "2 Mbit/s". */
  readonly rate: string;
  readonly seconds: number;
  /** Publishers timed, one after another, beside all others. */
  readonly joins: number;
}

/** What one run gave; CPU in % of one core. */
export interface IngestResult {
  readonly target: string;
  readonly scenario: IngestScenario;
  /** The server with no connection at all. */
  readonly idleCpuPercent: number;
  readonly cpuPercent: number;
  readonly cpuPercentPerPublisher: number;
  readonly publishersPerCore: number;
  readonly kibPerPublisher: number;
  readonly bitsPerSecondPerPublisher: number;
  /** From connecting to being accepted, and to a player's first key frame. */
  readonly acceptedMs: readonly number[];
  readonly firstFrameMs: readonly number[];
  readonly stalls: number;
  /** Key frames that publishers were asked for: what was lost, as nobody watches. */
  readonly keyFramesAsked: number;
  readonly errors: number;
  readonly firstError: string | undefined;
  readonly publishersCpuPercent: number;
  readonly machineIdlePercent: number;
  readonly othersCpuPercent: number;
}

const SETTLE_MS = 4000;
/** Streams watched at the end up to a key frame, to see that they got through. */
const STREAMS_CHECKED = 5;

/** Starts the target and the publishers, measures, watches some of the streams, ends them all. */
export async function runIngest(
  target: Target,
  file: string,
  scenario: IngestScenario,
): Promise<IngestResult> {
  const { protocol, publishers: count, seconds } = scenario;
  await using server = await target.start();
  await delay(SETTLE_MS);
  const idleLoad = startLoad([server.pid]);
  await delay(seconds * 1000);
  const idleCpuPercent = idleLoad().processPercents[0]!;
  const idleKib = residentKib(server.pid);

  await using publishers = new LineProcess<PublishersCommand, PublishersReport>("publishers.ts");
  await publishers.request({ kind: "open", protocol, port: portOf(server, protocol), count, file });
  await delay(SETTLE_MS);
  const before = await publishers.request({ kind: "report" });
  const load = startLoad([server.pid, publishers.pid]);
  await delay(seconds * 1000);
  const { processPercents, idlePercent, othersPercent } = load();
  const after = await publishers.request({ kind: "report" });
  const kib = residentKib(server.pid);
  const probes = await probePublishes(server, protocol, file, scenario.joins);
  const streamError = await checkStreams(server, count) ?? probes.find(({ error }) => error)?.error;
  const cpuPercentPerPublisher = (processPercents[0]! - idleCpuPercent) / count;
  return {
    target: target.name,
    scenario,
    idleCpuPercent,
    cpuPercent: processPercents[0]!,
    cpuPercentPerPublisher,
    publishersPerCore: 100 / cpuPercentPerPublisher,
    kibPerPublisher: (kib - idleKib) / count,
    bitsPerSecondPerPublisher: (after.bytesSent - before.bytesSent) * 8 / seconds / count,
    acceptedMs: probes.map(({ acceptedMs }) => acceptedMs),
    firstFrameMs: probes.flatMap(({ firstFrameMs }) => firstFrameMs ?? []),
    stalls: after.stalls - before.stalls,
    keyFramesAsked: after.keyFramesAsked - before.keyFramesAsked,
    errors: after.errors + (streamError === undefined ? 0 : 1),
    firstError: after.firstError ?? streamError,
    publishersCpuPercent: processPercents[1]!,
    machineIdlePercent: idlePercent,
    othersCpuPercent: othersPercent,
  };
}

async function checkStreams(
  { rtmpPort: port }: RunningServer,
  count: number,
): Promise<string | undefined> {
  for (let index = 0; index < Math.min(count, STREAMS_CHECKED); index++) {
    const path = `/live/bench${count - 1 - index}`;
    const { firstKeyFrameMs, error } = await probeJoin({ transport: "rtmp", port, path });
    if (firstKeyFrameMs === undefined || error) return `${path}: ${error ?? "no key frame"}`;
  }
  return undefined;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
