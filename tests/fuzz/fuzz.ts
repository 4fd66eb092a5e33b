import { parseArgs } from "node:util";
import { mutate, seededRandom, toHex } from "../mutation.ts";
import { FUZZ_TARGETS, type FuzzTarget } from "./targets.ts";

/**
 * Mutates every decoder's corpus for a while:
 * `deno run -A tests/fuzz/fuzz.ts --seconds 60 --seed 7 --target amf0`. Without `--target` the
 * time is shared by all. Exits with 1 if anything but a room's own error escaped.
 *
 * An input that is accepted joins the corpus of its run for a while, so that mutations add up.
 */

/** Executions between two looks at the clock. */
const BATCH_SIZE = 256;

/** Accepted mutants that are kept as further samples; later ones take the place of earlier. */
const MAX_MUTANTS = 64;

/** Larger mutants are not kept: repetition would double them without end. */
const MAX_MUTANT_SIZE = 8192;

export interface FuzzReport {
  readonly name: string;
  readonly executions: number;
  /** Inputs decoded without an error: near 0 means that mutation never gets past the first check. */
  readonly accepted: number;
  readonly slowestMs: number;
  readonly slowestInput: string;
  /** The first thing that escaped, with its input in hexadecimal digits. */
  readonly escape: { readonly error: unknown; readonly input: string } | undefined;
}

/** Runs one target for `durationMs`, or until something escapes. */
export function fuzz(target: FuzzTarget, seed: number, durationMs: number): FuzzReport {
  const random = seededRandom(seed);
  const mutants: Uint8Array[] = [];
  let executions = 0;
  let accepted = 0;
  let slowestMs = 0;
  let slowestInput = "";
  let escape = findRefusedSample(target);
  const endMs = performance.now() + durationMs;
  while (escape === undefined && (executions % BATCH_SIZE !== 0 || performance.now() < endMs)) {
    const samples = random() < 0.5 && mutants.length > 0 ? mutants : target.corpus;
    const input = mutate(samples[Math.floor(random() * samples.length)]!, random);
    const outcome = execute(target, input);
    executions++;
    if (outcome.error !== undefined) {
      escape = { error: outcome.error, input: toHex(input) };
    } else if (outcome.refusal === undefined) {
      accepted++;
      if (input.length <= MAX_MUTANT_SIZE) keep(mutants, input, accepted);
    }
    const elapsedMs = outcome.elapsedMs > slowestMs ? fastestMs(target, input) : 0;
    if (elapsedMs > slowestMs) {
      slowestMs = elapsedMs;
      slowestInput = toHex(input);
    }
  }
  return { name: target.name, executions, accepted, slowestMs, slowestInput, escape };
}

/** The corpus must be valid, or its mutations test nothing. */
function findRefusedSample(target: FuzzTarget): FuzzReport["escape"] {
  for (const sample of target.corpus) {
    const outcome = execute(target, Uint8Array.from(sample));
    const error = outcome.error ?? outcome.refusal;
    if (error !== undefined) return { error, input: toHex(sample) };
  }
  return undefined;
}

function keep(mutants: Uint8Array[], input: Uint8Array, accepted: number): void {
  if (mutants.length < MAX_MUTANTS) mutants.push(input);
  else mutants[accepted % MAX_MUTANTS] = input;
}

/** A slow execution may have paid for other things: the fastest of three more is its own time. */
function fastestMs(target: FuzzTarget, input: Uint8Array<ArrayBuffer>): number {
  return Math.min(...[1, 2, 3].map(() => execute(target, input).elapsedMs));
}

interface Outcome {
  readonly elapsedMs: number;
  /** The room's own error. */
  readonly refusal: unknown;
  /** Any other. */
  readonly error: unknown;
}

function execute(target: FuzzTarget, input: Uint8Array<ArrayBuffer>): Outcome {
  const startMs = performance.now();
  let refusal: unknown;
  let error: unknown;
  try {
    target.run(input);
  } catch (thrown) {
    if (thrown instanceof target.allowed) refusal = thrown;
    else error = thrown ?? new Error(`Threw ${thrown}`);
  }
  return { elapsedMs: performance.now() - startMs, refusal, error };
}

function main(): number {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      target: { type: "string" },
    },
  });
  const targets = FUZZ_TARGETS.filter(({ name }) => (values.target ?? name) === name);
  if (targets.length === 0) {
    console.error(`No target ${values.target}: ${FUZZ_TARGETS.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const durationMs = Number(values.seconds) * 1000 / targets.length;
  let escapes = 0;
  for (const target of targets) {
    const { name, executions, accepted, slowestMs, slowestInput, escape } = fuzz(
      target,
      Number(values.seed),
      durationMs,
    );
    const slowest = `${slowestMs.toFixed(2)} ms (${slowestInput.length / 2} bytes)`;
    console.log(`${name}: ${executions} executions, ${accepted} accepted, slowest ${slowest}`);
    if (escape !== undefined) {
      escapes++;
      console.error(`${name}: escaped on ${escape.input} (seed ${values.seed})`, escape.error);
    }
  }
  return escapes === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main());
