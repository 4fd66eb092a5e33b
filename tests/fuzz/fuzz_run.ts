import { toHex } from "../../testing/mutation.ts";
import { Mutator } from "./mutator.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** Accepted mutants that are kept as further samples; later ones take the place of earlier. */
const MAX_MUTANTS = 64;

/** Larger mutants are not kept: repetition would double them without end. */
const MAX_MUTANT_SIZE = 8192;

/** What no execution may exceed. */
export const MAX_EXECUTION_MS = 50;

/** Executions that every run has, however short it is: with fewer, nothing may be accepted. */
const MIN_EXECUTIONS = 32;

/** Executions that a slow input gets to show that something else was slow. */
const SLOW_REPEATS = 12;

/** What became of one target. */
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

/**
 * Mutates the corpus of one target, for as long as it is told to. The same seed gives the same
 * inputs, however the time is divided.
 *
 * An input that is accepted joins the corpus of its run for a while, so that mutations add up.
 */
export class FuzzRun {
  readonly #target: FuzzTarget;
  readonly #mutator: Mutator;
  readonly #onInput: ((input: Uint8Array) => void) | undefined;
  readonly #mutants: Uint8Array[] = [];
  #executions = 0;
  #accepted = 0;
  #slowestMs = 0;
  #slowestInput: Uint8Array = new Uint8Array();
  #escape: FuzzReport["escape"];

  /** @param onInput told of each input before it is executed, for the case that nothing comes after */
  constructor(target: FuzzTarget, seed: number, onInput?: (input: Uint8Array) => void) {
    this.#target = target;
    this.#mutator = new Mutator(seed);
    this.#onInput = onInput;
    this.#escape = this.#findRefusedSample();
  }

  /** Goes on for `durationMs`, or until something escapes. */
  run(durationMs: number): void {
    const endMs = performance.now() + durationMs;
    while (
      this.#escape === undefined &&
      (this.#executions < MIN_EXECUTIONS || performance.now() < endMs)
    ) this.#step();
  }

  report(): FuzzReport {
    return {
      name: this.#target.name,
      executions: this.#executions,
      accepted: this.#accepted,
      slowestMs: this.#slowestMs,
      slowestInput: toHex(this.#slowestInput),
      escape: this.#escape,
    };
  }

  /** The corpus must be valid, or its mutations test nothing. */
  #findRefusedSample(): FuzzReport["escape"] {
    for (const sample of this.#target.corpus) {
      const outcome = execute(this.#target, Uint8Array.from(sample));
      const error = outcome.error ?? outcome.refusal;
      if (error !== undefined) return { error, input: toHex(sample) };
    }
    return undefined;
  }

  #step(): void {
    const input = this.#mutator.mutate(this.#sample(), this.#sample());
    this.#onInput?.(input);
    const { error, refusal, elapsedMs } = execute(this.#target, input);
    this.#executions++;
    if (error !== undefined) {
      this.#escape = { error, input: toHex(shrink(this.#target, input)) };
    } else if (refusal === undefined) {
      this.#accepted++;
      if (input.length <= MAX_MUTANT_SIZE) {
        this.#mutants[this.#accepted % MAX_MUTANTS] = input;
      }
    }
    if (elapsedMs > this.#slowestMs) this.#noteSlow(input);
  }

  #sample(): Uint8Array {
    const mutant = this.#mutants[this.#mutator.below(2 * MAX_MUTANTS)];
    return mutant ?? this.#target.corpus[this.#mutator.below(this.#target.corpus.length)]!;
  }

  /** A slow execution may have paid for other things: the fastest of some more is its own time. */
  #noteSlow(input: Uint8Array<ArrayBuffer>): void {
    let fastestMs = Infinity;
    for (let left = SLOW_REPEATS; left > 0 && fastestMs > this.#slowestMs; left--) {
      fastestMs = Math.min(fastestMs, execute(this.#target, input).elapsedMs);
    }
    if (fastestMs <= this.#slowestMs) return;
    this.#slowestMs = fastestMs;
    this.#slowestInput = input;
  }
}

/** Runs one target for `durationMs`, or until something escapes. */
export function fuzz(target: FuzzTarget, seed: number, durationMs: number): FuzzReport {
  const run = new FuzzRun(target, seed);
  run.run(durationMs);
  return run.report();
}

/** What one input comes to. */
export interface Outcome {
  readonly elapsedMs: number;
  /** The room's own error. */
  readonly refusal: unknown;
  /** Any other. */
  readonly error: unknown;
}

export function execute(target: FuzzTarget, input: Uint8Array<ArrayBuffer>): Outcome {
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

/** `input` less what can be taken out of it so that something still escapes. */
function shrink(target: FuzzTarget, input: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let smallest = input;
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= smallest.length;) {
      const smaller = new Uint8Array(smallest.length - size);
      smaller.set(smallest.subarray(0, at));
      smaller.set(smallest.subarray(at + size), at);
      // A copy: what it is executed on may be written to.
      if (execute(target, smaller.slice()).error === undefined) at += size;
      else smallest = smaller;
    }
  }
  return smallest;
}
