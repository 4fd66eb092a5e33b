/**
 * Fan-out and ingest of Sluice, of node-media-server and, for RTMP, of nginx, measured side by side,
 * and Sluice's WebRTC, which none of them has. Prints tables; asserts nothing, because times belong
 * to a machine, but with `--check`, which compares ratios.
 */
import { checkRatios } from "./check.ts";
import { endAllProcesses } from "./child_process.ts";
import { type FanoutResult, type FanoutScenario, runFanout } from "./fanout.ts";
import { type IngestResult, runIngest } from "./ingest.ts";
import { type Options, parseOptions, type Part, USAGE } from "./options.ts";
import { describeMachine } from "../testing/process_stats.ts";
import { errorLines, fanoutTable, ingestTable } from "./report.ts";
import { ASKED_SOURCE, CAMERA_SOURCE, makeSource, SMALL_SOURCE } from "./source.ts";
import { nginxRtmp, nodeMediaServer, sluice, type Target, withoutAdapting } from "./targets.ts";
import type { Transport } from "./viewer.ts";
import { runWhep, type WhepResult } from "./whep.ts";
import { WHEP_NOTES, whepTable } from "./whep_report.ts";
import { runWhipJoins, type WhipJoinsResult, whipJoinsTable } from "./whip_joins.ts";

/** Every single run, as written by `--json`. */
interface Results {
  readonly machine: readonly string[];
  readonly options: Options;
  readonly fanout: FanoutResult[];
  readonly ingest: IngestResult[];
  readonly whep: WhepResult[];
  readonly whipJoins: WhipJoinsResult[];
}

/** Parts that nginx has, too. */
const RTMP_PARTS: readonly Part[] = ["rtmp", "ingest", "crowd"];

/** Parts that node-media-server has, too. */
const SHARED_PARTS: readonly Part[] = ["fanout", "ws", ...RTMP_PARTS];

async function selectTargets(options: Options, folder: string): Promise<Target[]> {
  const targets: Target[] = [];
  const roots = await Promise.all(
    options.adapting.map((adapts) => adapts === "yes" ? undefined : withoutAdapting(folder)),
  );
  if (options.targets.includes("sluice")) {
    for (const shards of options.shards) {
      for (const flushMs of options.flushMs) {
        for (const root of roots) targets.push(sluice({ shards, flushMs, root }));
      }
    }
  }
  const isCompared = options.parts.some((part) => SHARED_PARTS.includes(part));
  if (isCompared && options.targets.includes("nms")) targets.push(await nodeMediaServer(folder));
  const isRtmp = options.parts.some((part) => RTMP_PARTS.includes(part));
  if (isRtmp && options.targets.includes("nginx")) targets.push(nginxRtmp(folder));
  return targets;
}

function fanoutScenarios(options: Options): FanoutScenario[] {
  const { readIntervalMs, seconds, joins } = options;
  const scenario = (transport: Transport) => (viewers: number) => ({
    ...{ transport, viewers, readIntervalMs, seconds, joins },
  });
  return [
    ...(options.parts.includes("fanout") ? options.httpViewers.map(scenario("http")) : []),
    ...(options.parts.includes("ws") ? options.wsViewers.map(scenario("ws")) : []),
    ...(options.parts.includes("rtmp") ? options.rtmpPlayers.map(scenario("rtmp")) : []),
  ];
}

/** Targets take turns within each scenario and round, so that the machine's noise hits all. */
async function runAll(options: Options, folder: string, results: Results): Promise<void> {
  const targets = await selectTargets(options, folder);
  const source = await makeSource(folder);
  const inTurns = async (
    what: string,
    run: (target: Target) => Promise<void>,
    runners: readonly Target[] = targets,
  ) => {
    for (let round = 1; round <= options.rounds; round++) {
      for (const target of runners) {
        console.error(`round ${round}/${options.rounds}: ${what}, ${target.name}`);
        await run(target);
      }
    }
  };
  for (const scenario of fanoutScenarios(options)) {
    const { viewers, transport } = scenario;
    await inTurns(`${viewers} viewers by ${transport}`, async (target) => {
      results.fanout.push(await runFanout(target, source, scenario));
    }, targets.filter(({ ways }) => ways.includes(transport)));
  }
  const speakWhep = targets.filter(({ ways }) => ways.includes("whep"));
  for (const viewers of options.parts.includes("whep") ? options.whepViewers : []) {
    const { transport, seconds, joins } = options;
    await inTurns(`${viewers} viewers by WebRTC`, async (target) => {
      results.whep.push(await runWhep(target, source, { transport, viewers, seconds, joins }));
    }, speakWhep);
  }
  const { seconds, joins } = options;
  const ingest = async (publishers: number, rate: string, file: string) => {
    await inTurns(`${publishers} publishers of ${rate}`, async (target) => {
      const scenario = { protocol: "rtmp", publishers, rate, seconds, joins } as const;
      results.ingest.push(await runIngest(target, file, scenario));
    });
  };
  for (const publishers of options.parts.includes("ingest") ? options.publishers : []) {
    await ingest(publishers, "2 Mbit/s", source);
  }
  if (options.parts.includes("crowd")) {
    const small = await makeSource(folder, SMALL_SOURCE);
    for (const publishers of options.smallPublishers) await ingest(publishers, "500 kbit/s", small);
  }
  if (!options.parts.includes("whip")) return;
  await runWhip(options, folder, results, (what, run) => inTurns(what, run, speakWhep));
}

/** Both protocols take turns, too. */
async function runWhip(
  { cameras, seconds, joins }: Options,
  folder: string,
  results: Results,
  inTurns: (what: string, run: (target: Target) => Promise<void>) => Promise<void>,
): Promise<void> {
  const file = await makeSource(folder, CAMERA_SOURCE);
  for (const publishers of cameras) {
    await inTurns(`${publishers} publishers of 1 Mbit/s`, async (target) => {
      for (const protocol of ["rtmp", "whip"] as const) {
        const scenario = { protocol, publishers, rate: "1 Mbit/s", seconds, joins };
        results.ingest.push(await runIngest(target, file, scenario));
      }
    });
  }
  const asked = await makeSource(folder, ASKED_SOURCE);
  await inTurns("joins by who publishes", async (target) => {
    for (const protocol of ["rtmp", "whip"] as const) {
      const scenario = { protocol, keyFrames: "every 2 s", joins } as const;
      results.whipJoins.push(await runWhipJoins(target, file, scenario));
    }
    const scenario = { protocol: "whip", keyFrames: "when asked", joins } as const;
    results.whipJoins.push(await runWhipJoins(target, asked, scenario));
  });
}

function print(results: Results): void {
  const { options, fanout, ingest, whep, whipJoins } = results;
  console.log(results.machine.join("\n"));
  const reading = options.readIntervalMs === 0
    ? "as soon as something arrives"
    : `every ${options.readIntervalMs} ms`;
  console.log(`CPU in % of one core; medians of ${options.rounds} rounds of ${options.seconds} s`);
  if (fanout.length > 0) {
    console.log(`Every viewer checks all it gets; it reads its socket ${reading}\n`);
    console.log(fanoutTable(fanout));
  }
  if (ingest.length > 0) {
    console.log("\nPublishers without viewers; 0 publishers is a server without connections\n");
    console.log(ingestTable(ingest));
  }
  if (whep.length > 0) {
    console.log(`\nWebRTC viewers over ${options.transport.toUpperCase()}\n`);
    console.log(whepTable(whep));
    console.log(`\n${WHEP_NOTES.join("\n")}`);
  }
  if (whipJoins.length > 0) {
    console.log(`\nViewers by WebRTC, one after another\n\n${whipJoinsTable(whipJoins)}`);
  }
  for (const line of errorLines([...fanout, ...ingest, ...whep, ...whipJoins])) console.log(line);
}

async function main(): Promise<void> {
  const options = parseOptions(Deno.args);
  if (options === "help") return console.log(USAGE);
  const folder = await Deno.makeTempDir({ prefix: "sluice-bench-" });
  // Once only: an interrupt makes what runs fail, which leads here again.
  let cleaning: Promise<void> | undefined;
  const cleanUp = () =>
    cleaning ??= endAllProcesses().then(() => Deno.remove(folder, { recursive: true }));
  Deno.addSignalListener("SIGINT", () => void cleanUp().then(() => Deno.exit(130)));
  const results: Results = {
    machine: describeMachine(),
    options,
    fanout: [],
    ingest: [],
    whep: [],
    whipJoins: [],
  };
  try {
    await runAll(options, folder, results);
  } finally {
    await cleanUp();
    print(results);
    if (options.json !== undefined) {
      await Deno.writeTextFile(options.json, JSON.stringify(results, undefined, 2));
    }
  }
  const dearer = options.check ? checkRatios(results.fanout, options.marginPercent) : [];
  for (const line of dearer) console.error(`bench: dearer than it was: ${line}`);
  Deno.exit(dearer.length === 0 ? 0 : 1);
}

if (import.meta.main) await main();
