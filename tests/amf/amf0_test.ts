import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { decodeAmf0, encodeAmf0 } from "../../src/amf/amf0.ts";
import { Amf0Reader } from "../../src/amf/amf0_reader.ts";
import { AmfError } from "../../src/amf/amf_error.ts";
import { MAX_AMF_DEPTH, MAX_AMF_NAME_LENGTH, MAX_AMF_VALUES } from "../../src/amf/amf_limits.ts";
import { amfContent, amfObject, amfProperty, type AmfValue } from "../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../testing/amf/ecma_array.ts";
import { AMF0_SAMPLES, AMF0_WITH_AMF3_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";
import { sameAmfValues } from "./same_value.ts";

const TABLE: readonly { name: string; hex: string; value: AmfValue }[] = [
  { name: "number", hex: "00 3ff8000000000000", value: 1.5 },
  { name: "negative zero", hex: "00 8000000000000000", value: -0 },
  { name: "true", hex: "01 01", value: true },
  { name: "false", hex: "01 00", value: false },
  { name: "string", hex: "02 0004 6c697665", value: "live" },
  { name: "empty string", hex: "02 0000", value: "" },
  { name: "string with byte order mark", hex: "02 0004 efbbbf61", value: "\uFEFFa" },
  { name: "null", hex: "05", value: null },
  { name: "undefined", hex: "06", value: undefined },
  { name: "reference", hex: "07 0102", value: { kind: "reference", index: 258 } },
  { name: "unsupported", hex: "0d", value: { kind: "unsupported" } },
  { name: "object", hex: "03 0001 61 0101 000009", value: amfObject({ a: true }) },
  {
    name: "object in object",
    hex: "03 0001 61 03 0001 62 05 000009 000009",
    value: amfObject({ a: amfObject({ b: null }) }),
  },
  { name: "property with no name", hex: "03 0000 05 000009", value: amfObject({ "": null }) },
  {
    name: "ecma array",
    hex: "08 00000001 0001 61 06 000009",
    value: amfEcmaArray({ a: undefined }),
  },
  {
    name: "strict array",
    hex: "0a 00000002 05 0100",
    value: { kind: "strict-array", items: [null, false] },
  },
  {
    name: "date",
    hex: "0b 4277 4876e8000000 ff88",
    value: { kind: "date", unixMs: 1_600_000_000_000, timezoneMinutes: -120 },
  },
  { name: "xml document", hex: "0f 00000004 3c612f3e", value: { kind: "xml", text: "<a/>" } },
  {
    name: "typed object",
    hex: "10 0001 50 0001 78 05 000009",
    value: { kind: "typed-object", className: "P", properties: new Map([["x", null]]) },
  },
];

for (const { name, hex, value } of TABLE) {
  const bytes = fromHex(hex);
  Deno.test(`AMF0 ${name}: both ways`, () => {
    assertEquals(decodeAmf0(bytes), [value]);
    assertEquals(toHex(encodeAmf0(value)), toHex(bytes));
  });
  Deno.test(`AMF0 ${name}: with values behind it`, () => {
    assertEquals(decodeAmf0(Uint8Array.of(...bytes, ...bytes, 5)), [value, value, null]);
  });
  if (bytes.length === 1) continue;
  Deno.test(`AMF0 ${name}: cut short`, () => {
    for (let length = 1; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      try {
        // What may be missing are end markers, and they come back when it is written.
        const again = toHex(encodeAmf0(...decodeAmf0(cut)));
        assertEquals(again.endsWith("000009"), true, `${name} cut to ${length} was accepted`);
      } catch (error) {
        if (!(error instanceof AmfError)) throw error;
      }
    }
  });
}

Deno.test("AMF0 long string: written only when a string cannot be", () => {
  const short = "x".repeat(0xffff);
  assertEquals(encodeAmf0(short)[0], 0x02);
  assertEquals(encodeAmf0(short + "x")[0], 0x0c);
  assertEquals(decodeAmf0(encodeAmf0(short, short + "x")), [short, short + "x"]);
  assertEquals(decodeAmf0(fromHex("0c 00000001 61")), ["a"]);
});

Deno.test("AMF0 ecma array: the end marker decides, not the count", () => {
  const expected = [amfEcmaArray({ a: true }), null];
  for (const count of ["00000000", "00000001", "ffffffff"]) {
    assertEquals(decodeAmf0(fromHex(`08 ${count} 0001 61 0101 000009 05`)), expected);
  }
});

Deno.test("AMF0 object: the end marker may be missing at the end of the body", () => {
  for (const end of ["", "0000", "000009"]) {
    assertEquals(decodeAmf0(fromHex(`03 0001 61 0101 ${end}`)), [amfObject({ a: true })]);
  }
  assertThrows(() => decodeAmf0(fromHex("03 0001 61 0101 00")), AmfError, "u16");
  assertThrows(() => decodeAmf0(fromHex("03 0001 61")), AmfError, "u8");
});

Deno.test("AMF0 properties: names of Object.prototype are names", () => {
  const hex = "03 0009 5f5f70726f746f5f5f 03 0001 61 05 000009 000009";
  const [value] = decodeAmf0(fromHex(hex));
  assertEquals(amfProperty(value, "__proto__"), amfObject({ a: null }));
  assertEquals(amfProperty(value, "a"), undefined);
  assertEquals(amfProperty(value, "toString"), undefined);
  assertEquals(toHex(encodeAmf0(value)), hex.replaceAll(" ", ""));
});

Deno.test("AMF0 property of a value without any is undefined", () => {
  for (const value of [undefined, null, 1, "text", { kind: "unsupported" }] as const) {
    assertEquals(amfProperty(value, "length"), undefined);
  }
});

Deno.test("AMF0 reader: takes values one by one and leaves the rest raw", () => {
  const reader = new Amf0Reader(fromHex("02 0001 61 05 11 ff"));
  assertEquals([reader.value(), reader.value(), reader.remaining], ["a", null, 2]);
  assertEquals(toHex(reader.rest()), "11ff");
  assertEquals(reader.remaining, 0);
  assertThrows(() => reader.value(), AmfError, "needs 1 bytes");
});

/** Objects, arrays or typed objects `depth` deep around a null, without end markers. */
function nested(opening: string, depth: number): Uint8Array<ArrayBuffer> {
  return fromHex(opening.repeat(depth) + "05");
}

Deno.test("AMF0 depth: up to the limit, and no stack overflow beyond", () => {
  for (const opening of ["03000161", "08000000000000", "0a00000001", "100000000161"]) {
    const deepest = decodeAmf0(nested(opening, MAX_AMF_DEPTH));
    assertEquals(decodeAmf0(encodeAmf0(...deepest)), deepest);
    for (const depth of [MAX_AMF_DEPTH + 1, 1000, 100_000]) {
      assertThrows(() => decodeAmf0(nested(opening, depth)), AmfError, "depth");
    }
  }
  let value: AmfValue = null;
  for (let depth = 0; depth <= MAX_AMF_DEPTH; depth++) value = amfObject({ value });
  assertThrows(() => encodeAmf0(value), AmfError, "depth");
});

Deno.test("AMF0 number of values: up to the limit over the whole body", () => {
  const nulls = (count: number) => new Uint8Array(count).fill(5);
  assertEquals(decodeAmf0(nulls(MAX_AMF_VALUES)).length, MAX_AMF_VALUES);
  assertThrows(() => decodeAmf0(nulls(MAX_AMF_VALUES + 1)), AmfError, `${MAX_AMF_VALUES} values`);
  const properties = fromHex("03" + "00016105".repeat(MAX_AMF_VALUES) + "000009");
  assertThrows(() => decodeAmf0(properties), AmfError, `${MAX_AMF_VALUES} values`);
});

Deno.test("AMF0 strict array: count checked against the bytes left", () => {
  assertThrows(() => decodeAmf0(fromHex("0a ffffffff 0505")), AmfError, "at most 2 items fit");
  assertThrows(() => decodeAmf0(fromHex("0a 00000003 0505")), AmfError, "at most 2 items fit");
  assertEquals(decodeAmf0(fromHex("0a 00000002 0505")).length, 1);
});

Deno.test("AMF0 names: up to the limit", () => {
  const withName = (size: number) => amfObject({ ["n".repeat(size)]: null });
  const longest = encodeAmf0(withName(MAX_AMF_NAME_LENGTH));
  assertEquals(decodeAmf0(longest), [withName(MAX_AMF_NAME_LENGTH)]);
  const longer = encodeAmf0(withName(MAX_AMF_NAME_LENGTH + 1));
  assertThrows(() => decodeAmf0(longer), AmfError, `${MAX_AMF_NAME_LENGTH} characters`);
  assertThrows(() => encodeAmf0(withName(0x1_0000)), AmfError, "65536");
});

Deno.test("AMF0 names that are no UTF-8 can be written again", () => {
  const invalid = "ff".repeat(MAX_AMF_NAME_LENGTH);
  const values = decodeAmf0(fromHex(`03 1000 ${invalid} 05 000009`));
  const encoded = encodeAmf0(...values);
  assertEquals(encoded.length, 1 + 2 + 3 * MAX_AMF_NAME_LENGTH + 1 + 3);
  assertEquals(decodeAmf0(encoded), values);
});

Deno.test("AMF0 refuses reserved and unknown types", () => {
  for (const marker of [0x04, 0x09, 0x0e, 0x12, 0xff]) {
    assertThrows(() => decodeAmf0(Uint8Array.of(marker)), AmfError, `got ${marker}`);
  }
});

Deno.test("AMF0 with AMF3: read for one value, which goes back to AMF3", () => {
  const hex = "02 0001 61 11 0a 0b 01 0361 0401 01 05";
  const values = decodeAmf0(fromHex(hex));
  assertEquals(values, ["a", { kind: "amf3", value: amfObject({ a: 1 }) }, null]);
  assertEquals(amfProperty(values[1], "a"), 1);
  assertEquals(amfContent(values[1]), amfObject({ a: 1 }));
  assertEquals(toHex(encodeAmf0(...values)), toHex(fromHex(hex)));
});

Deno.test("AMF0 with AMF3: what both can say comes as if it were AMF0", () => {
  const values = decodeAmf0(fromHex("11 06 0361 11 04 01 11 03 11 01 11 00"));
  assertEquals(values, ["a", 1, true, null, undefined]);
  assertEquals(decodeAmf0(encodeAmf0(...values)), values);
});

Deno.test("AMF0 with AMF3: the reader tells whether there was any", () => {
  const reader = new Amf0Reader(fromHex("02 0001 11 03 0001 61 11 03 000009 05"));
  assertEquals([reader.value(), reader.hasAmf3], ["\x11", false]);
  assertEquals([reader.value(), reader.hasAmf3], [amfObject({ a: true }), true]);
  assertEquals([reader.value(), reader.hasAmf3], [null, true]);
});

Deno.test("AMF0 with AMF3: inside objects and arrays, which go on in AMF0", () => {
  const hex = "03 0001 61 11 08 01 0000000000000000 0001 62 0a 00000002 11 0c 03 ff 0101 000009";
  const [value] = decodeAmf0(fromHex(hex));
  const date = { kind: "date", unixMs: 0, timezoneMinutes: 0 } as const;
  const bytes = { kind: "byte-array", bytes: Uint8Array.of(255) } as const;
  const expected = amfObject({
    a: { kind: "amf3", value: date },
    b: { kind: "strict-array", items: [{ kind: "amf3", value: bytes }, true] },
  });
  assertEquals(value, expected);
  assertEquals(toHex(encodeAmf0(value)), toHex(fromHex(hex)));
  assertEquals(encodeAmf0(bytes), encodeAmf0({ kind: "amf3", value: bytes }));
});

Deno.test("AMF0 with AMF3: references of AMF3 go through the whole body", () => {
  const hex = "11 0a 0b 0350 0361 01 01 02 0001 61 11 0a 00 11 0a 01 02 06 00 01";
  const values = decodeAmf0(fromHex(hex));
  const [first, , second, third] = values.map(amfContent);
  assertStrictEquals(first, second);
  assertEquals(amfProperty(third, "a"), "P");
  assertEquals(toHex(encodeAmf0(...values)), toHex(fromHex(hex)));
});

Deno.test("AMF0 with AMF3: a value that holds itself is written in AMF3, wherever it stands", () => {
  const [value] = decodeAmf0(fromHex("11 0a 0b 01 0361 0a 00 01"));
  const [again] = decodeAmf0(encodeAmf0(amfObject({ held: amfProperty(value, "a") })));
  assertEquals(amfProperty(again, "held"), value);
});

Deno.test("AMF0 with AMF3: what is cut short or unknown is refused", () => {
  assertThrows(() => decodeAmf0(fromHex("11")), AmfError, "needs 1 bytes");
  assertThrows(() => decodeAmf0(fromHex("11 12")), AmfError, "AMF3 3.1, got 18");
  assertThrows(() => decodeAmf0(fromHex("11 0a 0b 01 0361 01")), AmfError, "needs 1 bytes");
});

Deno.test("AMF0 survives mutations, and what it reads it can write", () => {
  surviveMutations([...AMF0_SAMPLES, ...AMF0_WITH_AMF3_SAMPLES], (bytes) => {
    const values = decodeAmf0(bytes);
    let again: AmfValue[];
    try {
      again = decodeAmf0(encodeAmf0(...values));
    } catch (error) {
      throw new Error("Cannot write or read again what was read", { cause: error });
    }
    assertEquals(sameAmfValues(again, values), true);
  }, AmfError);
});
