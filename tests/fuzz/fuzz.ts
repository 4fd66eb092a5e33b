import { parseArgs } from "node:util";
import { fromHex, toHex } from "../../testing/mutation.ts";
import type { FuzzAnswer, FuzzOrder, FuzzResult } from "./fuzz_messages.ts";
import { execute, MAX_EXECUTION_MS } from "./fuzz_run.ts";
import { LastInput } from "./last_input.ts";
import { FUZZ_TARGETS } from "./targets.ts";

/**
 * Mutates every decoder's corpus for a while:
 * `deno task fuzz --seconds 300 --seed 7 --target amf0 --target amf3`. Without `--target` the time
 * is shared by all, on `--workers` threads. `--target amf3 --input 0a00` executes one input.
 *
 * Exits with 1 if anything but a room's own error escaped, an execution was slow or did not end, or
 * memory grew; the line that is printed then belongs into `findings.ts`.
 */

/** Memory that a target may have more at its end, for what the engine keeps of compiled code. */
export const MAX_GROWN_BYTES = 4 << 20;

/** Time beyond its own after which a worker is taken to hang. */
const GRACE_MS = 30_000;

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly workers: number;
  readonly targets: readonly string[];
  readonly input: string | undefined;
}

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      workers: { type: "string", default: String(Math.min(navigator.hardwareConcurrency, 4)) },
      target: { type: "string", multiple: true },
      input: { type: "string" },
    },
  });
  const names = FUZZ_TARGETS.map(({ name }) => name);
  const unknown = values.target?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new RangeError(`No target ${unknown}: ${names.join(", ")}`);
  return {
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    workers: Number(values.workers),
    targets: values.target ?? names,
    input: values.input,
  };
}

/** Runs the targets on a number of threads; each thread takes the next when it is through. */
async function fuzzAll(
  { seconds, seed, workers, targets }: Options,
  onResult: (result: FuzzResult) => void,
): Promise<void> {
  const threads = Math.min(workers, targets.length);
  const durationMs = seconds * 1000 * threads / targets.length;
  const queue = [...targets];
  const take = async () => {
    const thread = new FuzzThread();
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      onResult(await thread.fuzz(name, seed, durationMs));
    }
    thread.end();
  };
  await Promise.all(Array.from({ length: threads }, take));
}

/** A worker, and another in its place when it hangs. */
class FuzzThread {
  readonly #lastInput = new LastInput();
  #worker: Worker | undefined;

  async fuzz(name: string, seed: number, durationMs: number): Promise<FuzzResult> {
    try {
      this.#worker ??= await this.#start();
      const { memory } = this.#lastInput;
      const order: FuzzOrder = { name, seed, durationMs, memory };
      return await this.#ask(this.#worker, order, durationMs + GRACE_MS);
    } catch (error) {
      this.end();
      return failure(name, Deno.inspect(error), toHex(this.#lastInput.get()));
    }
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(new URL("./fuzz_worker.ts", import.meta.url), { type: "module" });
    await this.#ask(worker, undefined, GRACE_MS);
    return worker;
  }

  /** The next answer of a worker; with it a result, if there was an order. */
  async #ask(worker: Worker, order: FuzzOrder, limitMs: number): Promise<FuzzResult>;
  async #ask(worker: Worker, order: undefined, limitMs: number): Promise<FuzzAnswer>;
  async #ask(worker: Worker, order: FuzzOrder | undefined, limitMs: number): Promise<FuzzAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<FuzzAnswer>();
    const timer = setTimeout(() => reject("Did not end in time"), limitMs);
    worker.onmessage = ({ data }: MessageEvent<FuzzAnswer>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(`Ended its thread: ${event.message}`);
    };
    if (order !== undefined) worker.postMessage(order);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** The result of a target whose thread could not say it. */
function failure(name: string, error: string, input: string): FuzzResult {
  return {
    kind: "result",
    name,
    executions: 0,
    accepted: 0,
    elapsedMs: 0,
    slowestMs: 0,
    slowestInput: "",
    grownBytes: undefined,
    escape: { error, input },
  };
}

interface Finding {
  readonly text: string;
  readonly input: string | undefined;
}

/** What is wrong with a result, each with the input that shows it, if one does. */
export function findingsOf(result: FuzzResult): Finding[] {
  const { slowestMs, slowestInput, grownBytes = 0, escape } = result;
  const findings: Finding[] = [];
  if (escape !== undefined) findings.push({ text: escape.error, input: escape.input });
  if (slowestMs > MAX_EXECUTION_MS) {
    findings.push({ text: `Took ${slowestMs.toFixed(1)} ms`, input: slowestInput });
  }
  if (grownBytes > MAX_GROWN_BYTES) {
    findings.push({ text: `Memory grew by ${grownBytes} bytes`, input: undefined });
  }
  return findings;
}

function print(result: FuzzResult): void {
  const { name, executions, accepted, elapsedMs, slowestMs, slowestInput, grownBytes } = result;
  const perSecond = Math.round(executions / Math.max(elapsedMs, 1) * 1000);
  const percent = Math.round(accepted / Math.max(executions, 1) * 100);
  const slowest = `${slowestMs.toFixed(2)} ms (${slowestInput.length / 2} bytes)`;
  const grown = grownBytes === undefined ? "not measured" : kibibytes(grownBytes);
  console.log(
    `${name}: ${executions} executions, ${perSecond} a second, ${percent} % accepted, ` +
      `slowest ${slowest}, memory grown ${grown}`,
  );
}

function printFinding(name: string, seed: number, text: string, input: string | undefined): void {
  console.error(`${name}: ${text} (seed ${seed})`);
  if (input === undefined) return;
  console.error(`  { target: "${name}", hex: "${input}" },`);
  console.error(`  again: deno task fuzz --target ${name} --input ${input}`);
}

/** Executes one input; 1 if something escapes. */
function executeInput(name: string, input: string): number {
  const target = FUZZ_TARGETS.find((candidate) => candidate.name === name)!;
  const { elapsedMs, error, refusal } = execute(target, fromHex(input));
  console.log(`${name}: ${elapsedMs.toFixed(2)} ms`, error ?? refusal ?? "accepted");
  return error === undefined ? 0 : 1;
}

async function main(): Promise<number> {
  const options = parseOptions();
  const [firstTarget] = options.targets;
  if (options.input !== undefined) return executeInput(firstTarget!, options.input);
  const startMs = performance.now();
  let executions = 0;
  let grownBytes = 0;
  let found = 0;
  let slowest = { ms: 0, name: "none" };
  await fuzzAll(options, (result) => {
    print(result);
    executions += result.executions;
    grownBytes += result.grownBytes ?? 0;
    if (result.slowestMs > slowest.ms) slowest = { ms: result.slowestMs, name: result.name };
    for (const { text, input } of findingsOf(result)) {
      found++;
      printFinding(result.name, options.seed, text, input);
    }
  });
  const seconds = (performance.now() - startMs) / 1000;
  console.log(
    `${options.targets.length} targets: ${executions} executions in ${seconds.toFixed(0)} s, ` +
      `${Math.round(executions / seconds)} a second; slowest ${slowest.ms.toFixed(2)} ms ` +
      `(${slowest.name}); memory grown ${kibibytes(grownBytes)} in all; findings: ${found}`,
  );
  return found === 0 ? 0 : 1;
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`;
}

if (import.meta.main) Deno.exit(await main());
