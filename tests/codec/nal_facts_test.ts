import { assertEquals } from "@std/assert";
import { isPrefixToKeep, type NalCodec, NalFact, nalFacts } from "../../src/codec/nal_facts.ts";
import { MAX_NAL_UNITS } from "../../src/codec/nal_units.ts";
import { fromHex } from "../../testing/mutation.ts";

/** The names of the bits that are set. */
function namesOf(facts: number): string[] {
  return Object.entries(NalFact).filter(([, bit]) => (facts & bit) !== 0).map(([name]) => name);
}

const TABLE: readonly (readonly [NalCodec, string, string])[] = [
  ["h264", "00000002 6588", "slice begins key"],
  ["h264", "00000002 4188", "slice begins"],
  ["h264", "00000002 0188", "slice begins"],
  // first_mb_in_slice is not 0.
  ["h264", "00000002 6540", "slice key"],
  ["h264", "00000002 4140", "slice"],
  ["h264", "00000002 6588 00000002 6540", "slice slices begins key"],
  ["h264", "00000002 2288 00000002 2340 00000002 2440", "slice slices begins"],
  ["h264", "00000002 2340", "slice"],
  ["h264", "00000002 6764 00000002 68ee 00000002 6588", "slice begins key parameterSets prefix"],
  ["h264", "00000002 0605", "prefix"],
  ["h264", "00000002 09f0", "prefix"],
  // Filler, end of sequence, what is not defined, and what has the forbidden bit.
  ["h264", "00000002 0cff 00000001 0a 00000001 1f 00000002 e588", ""],
  ["h264", "00000000 00000001 65", "slice key"],
  ["h264", "", ""],
  ["h264", "00000002 6588 00", "slice begins key broken"],
  ["h264", "00000003 6588", "broken"],
  ["h264", "ffffffff 6588", "broken"],
  ["h265", "00000003 2601ae", "slice begins key"],
  ["h265", "00000003 2a01ae", "slice begins key"],
  ["h265", "00000003 2001ae", "slice begins key"],
  ["h265", "00000003 0201d0", "slice begins"],
  ["h265", "00000003 020150", "slice"],
  ["h265", "00000003 4001ff 00000003 4201ff 00000003 4401ff", "parameterSets prefix"],
  ["h265", "00000003 4e0105", "prefix"],
  // A suffix SEI, a slice of another layer, and a unit without room for a header.
  ["h265", "00000003 500105 00000003 0209d0 00000001 26", ""],
];

Deno.test("nalFacts: what there is in a message", () => {
  for (const [codec, hex, names] of TABLE) {
    const facts = namesOf(nalFacts(codec, fromHex(hex), 4));
    assertEquals(facts.toSorted(), names.split(" ").filter((name) => name !== "").toSorted(), hex);
  }
});

Deno.test("nalFacts: lengths of one and two bytes", () => {
  assertEquals(namesOf(nalFacts("h264", fromHex("02 6588 02 6540"), 1)).length, 4);
  assertEquals(namesOf(nalFacts("h264", fromHex("0002 6588"), 2)), ["slice", "begins", "key"]);
});

Deno.test("nalFacts: more NAL units than a message may have are not looked at", () => {
  const slice = fromHex("00000002 6588");
  const data = new Uint8Array(4 * MAX_NAL_UNITS + slice.length);
  data.set(slice, 4 * MAX_NAL_UNITS);
  assertEquals(namesOf(nalFacts("h264", data, 4)), ["broken"]);
  assertEquals(namesOf(nalFacts("h264", data.subarray(4), 4)), ["slice", "begins", "key"]);
});

Deno.test("isPrefixToKeep: parameter sets and SEI, but no delimiter and no filler", () => {
  const kept = (codec: NalCodec, hex: string) => isPrefixToKeep(codec, fromHex(hex));
  assertEquals(["67", "68", "06", "09", "0c", "41"].map((hex) => kept("h264", hex)), [
    ...[true, true, true],
    ...[false, false, false],
  ]);
  const h265 = ["4001", "4201", "4401", "4e01", "4601", "5001", "4c01"];
  assertEquals(h265.map((hex) => kept("h265", hex)), [
    ...[true, true, true, true],
    ...[false, false, false],
  ]);
});
