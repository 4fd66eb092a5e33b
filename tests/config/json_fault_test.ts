import { assert, assertEquals } from "@std/assert";
import { jsonFault } from "../../src/config/json_fault.ts";
import { mutate, seededRandom } from "../../testing/mutation.ts";

const GOOD = [
  "0",
  ' "a" ',
  "null",
  "{}",
  "[]",
  '{"a": [1, -2.5e+3, true, {"b": "\\u00e9\\n\\"é"}], "c": {}}',
  "[\n[],\t[[]] ]\r\n",
];

Deno.test("jsonFault: none where there is none", () => {
  for (const text of GOOD) {
    JSON.parse(text);
    assertEquals(jsonFault(text), undefined, text);
  }
});

Deno.test("jsonFault: line, column, and what should be there", () => {
  const faults: readonly (readonly [text: string, place: string, reason: string])[] = [
    ["", "1:1", "expected a value, got the end"],
    ["{", "1:2", 'expected a name in double quotes or "}", got the end'],
    ['{"a": 1,}', "1:9", 'expected a name in double quotes, got "}"'],
    ['{\n  "a": 1\n  "b": 2\n}', "3:3", 'expected "," or "}", got "\\""'],
    ['{"a" 1}', "1:6", 'expected ":", got "1"'],
    ["{'a': 1}", "1:2", 'expected a name in double quotes or "}", got "\'"'],
    ["[1 2]", "1:4", 'expected "," or "]", got "2"'],
    ["[1,]", "1:4", 'expected a value, got "]"'],
    ["01", "1:2", 'expected the end, got "1"'],
    ["{} x", "1:4", 'expected the end, got "x"'],
    ["// a", "1:1", 'expected a value, got "/"'],
    ["é", "1:1", "expected a value, got another character"],
    [
      '["a\n"]',
      "1:2",
      "the text in quotes is not ended on its line, or has an escape that JSON does not know",
    ],
  ];
  for (const [text, place, reason] of faults) {
    const fault = jsonFault(text)!;
    assertEquals([`${fault.line}:${fault.column}`, fault.reason], [place, reason], text);
  }
});

Deno.test("jsonFault: has the same opinion as JSON.parse, of mutations too", () => {
  const encoder = new TextEncoder();
  let good = 0;
  const random = seededRandom(7);
  for (const text of GOOD) {
    for (let round = 0; round < 3000; round++) {
      const changed = new TextDecoder().decode(mutate(encoder.encode(text), random));
      let isGood = true;
      try {
        JSON.parse(changed);
      } catch {
        isGood = false;
      }
      assertEquals(jsonFault(changed) === undefined, isGood, JSON.stringify(changed));
      if (isGood) good++;
    }
  }
  assert(good > 0);
});
