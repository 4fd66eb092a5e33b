import { assertEquals, assertGreater } from "@std/assert";
import { AmfError } from "../../src/amf/amf_error.ts";
import { fuzz } from "./fuzz.ts";
import { FUZZ_TARGETS } from "./targets.ts";

for (const target of FUZZ_TARGETS) {
  Deno.test(`fuzzing ${target.name} for a moment: the corpus is valid and nothing escapes`, () => {
    const { escape, executions, accepted } = fuzz(target, 1, 50);
    assertEquals(escape, undefined);
    assertGreater(executions, 0);
    assertGreater(accepted, 0);
  });
}

Deno.test("fuzzing reports what escapes, with its input", () => {
  const run = (bytes: Uint8Array) => {
    if (bytes.length > 1) throw new TypeError("too long");
    if (bytes.length === 0) throw new AmfError("empty");
  };
  const target = { name: "broken", corpus: [Uint8Array.of(7)], allowed: AmfError, run };
  const { escape } = fuzz(target, 1, 1000);
  assertEquals(escape?.error instanceof TypeError, true);
  assertGreater(escape?.input.length, 2);
});

Deno.test("fuzzing reports a corpus that its decoder refuses", () => {
  const run = () => {
    throw new AmfError("never");
  };
  const target = { name: "refusing", corpus: [Uint8Array.of(7)], allowed: AmfError, run };
  assertEquals(fuzz(target, 1, 1000).escape?.input, "07");
});
