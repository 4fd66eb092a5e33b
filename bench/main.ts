/**
 * Fan-out and ingest of Sluice and of node-media-server, measured side by side. Prints tables;
 * asserts nothing, because times belong to a machine.
 */
import { endAllProcesses } from "./child_process.ts";
import { type FanoutResult, type FanoutScenario, runFanout } from "./fanout.ts";
import { type IngestResult, runIngest } from "./ingest.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { describeMachine } from "./process_stats.ts";
import { errorLines, fanoutTable, ingestTable } from "./report.ts";
import { makeSource } from "./source.ts";
import { nodeMediaServer, sluice, type Target } from "./targets.ts";

/** Every single run, as written by `--json`. */
interface Results {
  readonly machine: readonly string[];
  readonly options: Options;
  readonly fanout: FanoutResult[];
  readonly ingest: IngestResult[];
}

async function selectTargets(options: Options, folder: string): Promise<Target[]> {
  const targets: Target[] = [];
  if (options.targets.includes("sluice")) {
    for (const shards of options.shards) {
      for (const flushMs of options.flushMs) {
        targets.push(sluice(flushMs === undefined ? { shards } : { shards, flushMs }));
      }
    }
  }
  if (options.targets.includes("nms")) targets.push(await nodeMediaServer(folder));
  return targets;
}

function fanoutScenarios(options: Options): FanoutScenario[] {
  const { readIntervalMs, seconds, joins } = options;
  const scenario = (transport: "http" | "ws") => (viewers: number) => ({
    ...{ transport, viewers, readIntervalMs, seconds, joins },
  });
  return [
    ...(options.parts.includes("fanout") ? options.httpViewers.map(scenario("http")) : []),
    ...(options.parts.includes("ws") ? options.wsViewers.map(scenario("ws")) : []),
  ];
}

/** Targets take turns within each scenario and round, so that the machine's noise hits all. */
async function runAll(options: Options, folder: string, results: Results): Promise<void> {
  const targets = await selectTargets(options, folder);
  const source = await makeSource(folder);
  const inTurns = async (what: string, run: (target: Target) => Promise<void>) => {
    for (let round = 1; round <= options.rounds; round++) {
      for (const target of targets) {
        console.error(`round ${round}/${options.rounds}: ${what}, ${target.name}`);
        await run(target);
      }
    }
  };
  for (const scenario of fanoutScenarios(options)) {
    await inTurns(`${scenario.viewers} viewers by ${scenario.transport}`, async (target) => {
      results.fanout.push(await runFanout(target, source, scenario));
    });
  }
  for (const publishers of options.parts.includes("ingest") ? options.publishers : []) {
    await inTurns(`${publishers} publishers`, async (target) => {
      const scenario = { publishers, seconds: options.seconds };
      results.ingest.push(await runIngest(target, source, scenario));
    });
  }
}

function print(results: Results): void {
  const { options, fanout, ingest } = results;
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
  for (const line of errorLines([...fanout, ...ingest])) console.log(line);
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
  const results: Results = { machine: describeMachine(), options, fanout: [], ingest: [] };
  try {
    await runAll(options, folder, results);
  } finally {
    await cleanUp();
    print(results);
    if (options.json !== undefined) {
      await Deno.writeTextFile(options.json, JSON.stringify(results, undefined, 2));
    }
  }
  Deno.exit(0);
}

if (import.meta.main) await main();
