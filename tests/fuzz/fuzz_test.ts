import {
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertNotEquals,
} from "@std/assert";
import { AmfError } from "../../src/amf/amf_error.ts";
import { fromHex } from "../../testing/mutation.ts";
import { FINDINGS } from "./findings.ts";
import { findingsOf, MAX_GROWN_BYTES } from "./fuzz.ts";
import type { FuzzResult } from "./fuzz_messages.ts";
import { execute, fuzz, MAX_EXECUTION_MS } from "./fuzz_run.ts";
import { LastInput } from "./last_input.ts";
import { Mutator } from "./mutator.ts";
import { FUZZ_TARGETS } from "./targets.ts";

for (const target of FUZZ_TARGETS) {
  Deno.test(`fuzzing ${target.name} for a moment: the corpus is valid and nothing escapes`, () => {
    // A busy machine does little in so short a time, and may come to none that is accepted.
    const short = fuzz(target, 1, 50);
    const { escape, executions, accepted, slowestMs } = short.accepted > 0
      ? short
      : fuzz(target, 1, 2000);
    assertEquals(escape, undefined);
    // Beside other tests; what is slow of itself, `deno task fuzz` finds out.
    assertLess(slowestMs, 10 * MAX_EXECUTION_MS);
    assertGreater(executions, 0);
    assertGreater(accepted, 0);
  });
}

for (const { target: name, hex } of FINDINGS) {
  Deno.test(`fuzzing ${name}: does not escape again on ${hex.slice(0, 20)}`, () => {
    const target = FUZZ_TARGETS.find((candidate) => candidate.name === name);
    assertEquals(execute(target!, fromHex(hex)).error, undefined);
  });
}

Deno.test("fuzzing: targets have names of their own", () => {
  const names = FUZZ_TARGETS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
});

Deno.test("mutants: the same for the same seed, others for another, none too long", () => {
  const sample = Uint8Array.from({ length: 100 }, (_, at) => at);
  const mutantsOf = (seed: number) => {
    const mutator = new Mutator(seed);
    let mutant: Uint8Array = sample;
    return Array.from({ length: 2000 }, () => {
      mutant = mutator.mutate(mutant, sample);
      assertLessOrEqual(mutant.length, 2 ** 14);
      return mutant.join();
    });
  };
  const mutants = mutantsOf(7);
  assertEquals(mutantsOf(7), mutants);
  assertNotEquals(mutantsOf(8), mutants);
  assertGreater(new Set(mutants).size, 1500);
  assertEquals(sample, Uint8Array.from({ length: 100 }, (_, at) => at));
});

Deno.test("mutants: of nothing, too", () => {
  const mutator = new Mutator(1);
  const lengths = Array.from(
    { length: 500 },
    () => mutator.mutate(new Uint8Array(), new Uint8Array()).length,
  );
  assertGreater(Math.max(...lengths), 0);
});

Deno.test("fuzzing reports what escapes, with its input", () => {
  const run = (bytes: Uint8Array) => {
    if (bytes.length > 1) throw new TypeError("too long");
    if (bytes.length === 0) throw new AmfError("empty");
  };
  const target = { name: "broken", corpus: [Uint8Array.of(7)], allowed: AmfError, run };
  const { escape } = fuzz(target, 1, 1000);
  assertEquals(escape?.error instanceof TypeError, true);
  // Made as short as it can be: two bytes.
  assertEquals(escape?.input.length, 4);
});

Deno.test("fuzzing reports a corpus that its decoder refuses", () => {
  const run = () => {
    throw new AmfError("never");
  };
  const target = { name: "refusing", corpus: [Uint8Array.of(7)], allowed: AmfError, run };
  assertEquals(fuzz(target, 1, 1000).escape?.input, "07");
});

Deno.test("fuzzing measures what is slow of itself, not what was slow once", () => {
  let executions = 0;
  const spinUntil = (ms: number) => {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
  };
  const run = (bytes: Uint8Array) => {
    executions++;
    if (executions === 10) spinUntil(400);
    if (bytes.length > 40) spinUntil(8);
  };
  const target = { name: "slow", corpus: [new Uint8Array(32)], allowed: AmfError, run };
  const { slowestMs, slowestInput } = fuzz(target, 1, 200);
  assertGreaterOrEqual(slowestMs, 8);
  assertLess(slowestMs, 400);
  assertGreater(slowestInput.length / 2, 40);
});

Deno.test("fuzzing finds what escapes, what is slow and what grows", () => {
  const result: FuzzResult = {
    kind: "result",
    name: "any",
    executions: 1000,
    accepted: 10,
    elapsedMs: 1000,
    slowestMs: MAX_EXECUTION_MS,
    slowestInput: "aa",
    grownBytes: MAX_GROWN_BYTES,
    escape: undefined,
  };
  assertEquals(findingsOf(result), []);
  assertEquals(findingsOf({ ...result, grownBytes: undefined }), []);
  assertEquals(findingsOf({ ...result, escape: { error: "Error: x", input: "bb" } }), [
    { text: "Error: x", input: "bb" },
  ]);
  assertEquals(findingsOf({ ...result, slowestMs: 51 }), [{ text: "Took 51.0 ms", input: "aa" }]);
  const [grown] = findingsOf({ ...result, grownBytes: MAX_GROWN_BYTES + 1 });
  assertEquals(grown?.text, "Memory grew by 4194305 bytes");
});

Deno.test("the last input of a thread is seen by another, cut off if it is long", () => {
  const ours = new LastInput();
  const theirs = new LastInput(ours.memory);
  assertEquals(ours.get(), new Uint8Array());
  theirs.set(Uint8Array.of(1, 2, 3));
  assertEquals(ours.get(), Uint8Array.of(1, 2, 3));
  theirs.set(Uint8Array.of(4));
  assertEquals(ours.get(), Uint8Array.of(4));
  theirs.set(new Uint8Array(100_000).fill(5));
  assertEquals(ours.get(), new Uint8Array(65_536).fill(5));
});
