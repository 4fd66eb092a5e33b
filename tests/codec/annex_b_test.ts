import { assertEquals } from "@std/assert";
import { hasStartCode, lengthPrefixed, splitByteStream } from "../../src/codec/annex_b.ts";
import { MAX_NAL_UNITS, splitNalUnits } from "../../src/codec/nal_units.ts";
import { fromHex, seededRandom, toHex } from "../../testing/mutation.ts";

Deno.test("byte stream: told by a start code at the beginning", () => {
  for (const hex of ["00000167", "0000000167", "000001"]) {
    assertEquals(hasStartCode(fromHex(hex)), true, hex);
  }
  for (const hex of ["", "00", "000002", "00000002", "0164001f", "67"]) {
    assertEquals(hasStartCode(fromHex(hex)), false, hex);
  }
});

Deno.test("byte stream: split at start codes of either length, zeros around them left out", () => {
  const table = [
    ["00000001 0910 000001 6764 00000001 6588", ["0910", "6764", "6588"]],
    ["000001 65", ["65"]],
    ["000001 65 000001", ["65"]],
    ["000001 65 0000000001 41", ["65", "41"]],
    ["000001 65 00000001 000001 41 0000", ["65", "41"]],
    // Emulation prevention keeps a start code out of a NAL unit.
    ["000001 65 00000301", ["6500000301"]],
    ["000001 65 0000 02", ["65000002"]],
    ["1234 000001 65", ["65"]],
    ["", []],
    ["000001", []],
    ["0000", []],
  ] as const;
  for (const [hex, units] of table) {
    assertEquals(splitByteStream(fromHex(hex))?.map(toHex), [...units], hex);
  }
});

Deno.test("byte stream: NAL units of any size come out as they went in", () => {
  const random = seededRandom(5);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < 300; round++) {
    const units = Array.from({ length: 1 + below(6) }, () => {
      // No byte is below 4, so that there is no start code.
      return Uint8Array.from({ length: 1 + below(9) }, () => 4 + below(250));
    });
    const parts = units.map((unit) => (below(2) === 0 ? "000001" : "00000001") + toHex(unit));
    const split = splitByteStream(fromHex(parts.join("")))!;
    assertEquals(split, units);
    assertEquals(splitNalUnits(lengthPrefixed(split), 4, 1), units);
  }
});

Deno.test("byte stream: more NAL units than an access unit may have are refused", () => {
  const of = (count: number) => fromHex("00000141".repeat(count));
  assertEquals(splitByteStream(of(MAX_NAL_UNITS))?.length, MAX_NAL_UNITS);
  assertEquals(splitByteStream(of(MAX_NAL_UNITS + 1)), undefined);
});
