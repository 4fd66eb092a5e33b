import { assertEquals, assertGreater, assertLessOrEqual, assertNotEquals } from "@std/assert";
import { AmfError } from "../../src/amf/amf_error.ts";
import { fromHex } from "../mutation.ts";
import { FINDINGS } from "./findings.ts";
import { execute, fuzz } from "./fuzz_run.ts";
import { Mutator } from "./mutator.ts";
import { FUZZ_TARGETS } from "./targets.ts";

for (const target of FUZZ_TARGETS) {
  Deno.test(`fuzzing ${target.name} for a moment: the corpus is valid and nothing escapes`, () => {
    const { escape, executions, accepted } = fuzz(target, 1, 50);
    assertEquals(escape, undefined);
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
