import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { decodeAmf0 } from "../../src/amf/amf0.ts";
import { decodeAmf3, encodeAmf3 } from "../../testing/amf/amf3.ts";
import { cycleTarget } from "../../src/amf/amf3_cycle.ts";
import { AmfError } from "../../src/amf/amf_error.ts";
import {
  type AmfCycle,
  amfObject,
  amfProperty,
  type AmfRecord,
  type AmfStrictArray,
  type AmfTypedObject,
  type AmfValue,
} from "../../src/amf/amf_value.ts";
import { AMF0_WITH_AMF3_SAMPLES, AMF3_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";

const array = (...items: AmfValue[]): AmfStrictArray => ({ kind: "strict-array", items });

/** The items of an array, as records. */
function recordsOf(value: AmfValue): AmfRecord[] {
  const { items } = value as AmfStrictArray;
  for (const item of items) assertInstanceOf(item, Object);
  return items as AmfRecord[];
}

Deno.test("AMF3 samples: read, and written again to the byte", () => {
  for (const sample of AMF3_SAMPLES) {
    assertEquals(toHex(encodeAmf3(...decodeAmf3(sample))), toHex(sample));
  }
  for (const sample of AMF0_WITH_AMF3_SAMPLES) decodeAmf0(sample);
});

Deno.test("AMF3 strings: the second is a reference, the empty one never", () => {
  const hex = "06 0361 06 01 06 0362 06 00 06 02 06 01";
  const values = ["a", "", "b", "a", "b", ""];
  assertEquals(decodeAmf3(fromHex(hex)), values);
  assertEquals(toHex(encodeAmf3(...values)), toHex(fromHex(hex)));
  assertThrows(() => decodeAmf3(fromHex("06 0361 06 02")), AmfError, "below 1, got 1");
  assertThrows(() => decodeAmf3(fromHex("06 00")), AmfError, "below 0, got 0");
});

Deno.test("AMF3 strings: values, names and class names share a table", () => {
  const hex = "06 0361 0a 0b 00 00 06 00 01 0a 01 00 0c 01 01";
  const object = (value: AmfValue) =>
    ({ kind: "typed-object", className: "a", properties: new Map([["a", value]]) }) as const;
  const values = ["a", object("a"), object({ kind: "byte-array", bytes: new Uint8Array() })];
  assertEquals(decodeAmf3(fromHex(hex)), values);
  assertEquals(toHex(encodeAmf3(...values)), toHex(fromHex(hex)));
});

Deno.test("AMF3 strings: long ones are written again, but keep their places in the table", () => {
  const long = "x".repeat(5000);
  const values = [long, "a", long, "b", "a", "b"];
  const encoded = encodeAmf3(...values);
  assertEquals(decodeAmf3(encoded), values);
  assertEquals(toHex(encoded.subarray(-4)), "06020606");
});

Deno.test("AMF3 traits: objects of one class refer to those of the first", () => {
  const hex = "0a 13 0350 0378 0401 0a 01 0402 0a 0b 01 01 0a 05 00 0401 01 0a 01 0403";
  const values = decodeAmf3(fromHex(hex));
  assertEquals(values.map((value) => amfProperty(value, "x")), [1, 2, undefined, undefined, 3]);
  const [first, second, , fourth] = values as AmfTypedObject[];
  assertInstanceOf(first?.traits, Object);
  assertStrictEquals(first?.traits, second?.traits);
  assertEquals(amfProperty(fourth, "P"), 1);
  assertEquals(toHex(encodeAmf3(...values)), toHex(fromHex(hex)));
  assertThrows(() => decodeAmf3(fromHex("0a 01")), AmfError, "traits: reference must be below 0");
  assertThrows(() => decodeAmf3(fromHex("0a 0b 01 01 0a 05")), AmfError, "below 1, got 1");
});

Deno.test("AMF3 traits: names that would join to the same text are told apart", () => {
  const values = [["a", "b"], ["a,b"], ['a","b']].map((sealedNames) => ({
    kind: "object" as const,
    traits: { sealedNames, isDynamic: false },
    properties: new Map(sealedNames.map((name) => [name, name])),
  }));
  assertEquals(decodeAmf3(encodeAmf3(...values)), values);
});

Deno.test("AMF3 records: the second is a reference, of whatever kind", () => {
  const records: AmfRecord[] = [
    amfObject({ a: 1 }),
    { kind: "typed-object", className: "P", properties: new Map() },
    { kind: "ecma-array", properties: new Map([["a", 1]]) },
    { kind: "mixed-array", properties: new Map([["a", 1]]), items: [1] },
    array(),
    { kind: "date", unixMs: 0, timezoneMinutes: 0 },
    { kind: "xml", text: "a" },
    { kind: "e4x", text: "a" },
    { kind: "byte-array", bytes: Uint8Array.of(1) },
    { kind: "int-vector", isFixed: false, items: Int32Array.of(1) },
    { kind: "uint-vector", isFixed: false, items: Uint32Array.of(1) },
    { kind: "double-vector", isFixed: false, items: Float64Array.of(1) },
    { kind: "object-vector", isFixed: false, className: "", items: [1] },
    { kind: "dictionary", hasWeakKeys: false, entries: [[1, 2]] },
    { kind: "externalizable", className: "flex.messaging.io.ArrayList", value: null },
  ];
  for (const record of records) {
    const once = encodeAmf3(array(record));
    const twice = encodeAmf3(array(record, record));
    assertEquals(twice.length, once.length + 2, record.kind);
    const [first, second] = recordsOf(decodeAmf3(twice)[0]);
    assertEquals(first, record);
    assertStrictEquals(first, second);
  }
  assertEquals(decodeAmf3(encodeAmf3(...records, ...records)), [...records, ...records]);
});

Deno.test("AMF3 records: equal ones are not the same", () => {
  const [first, second] = decodeAmf3(encodeAmf3(amfObject({}), amfObject({})));
  assertEquals(first, second);
  assertEquals(first === second, false);
});

Deno.test("AMF3 records: the table has places for those inside too, from outside in", () => {
  const hex = "09 05 01 0a 0b 01 0361 08 01 0000000000000000 01 0a 02 08 04";
  const [outer, date] = decodeAmf3(fromHex(hex));
  const [first, second] = recordsOf(outer);
  assertStrictEquals(first, second);
  assertStrictEquals(date, amfProperty(first, "a"));
  assertThrows(() => decodeAmf3(fromHex("09 03 01 0a 04")), AmfError, "below 1, got 2");
});

/** A body, and the way from its first value to what stands there for that value itself. */
const CYCLES: readonly { hex: string; way: (value: never) => AmfValue }[] = [
  { hex: "0a 0b 01 0361 0a 00 01", way: (value) => amfProperty(value, "a") },
  { hex: "09 03 01 09 00", way: (value: AmfStrictArray) => value.items[0] },
  { hex: "09 03 0361 09 00 01 01", way: (value) => amfProperty(value, "a") },
  { hex: "10 03 00 01 10 00", way: (value: AmfStrictArray) => value.items[0] },
  { hex: "11 03 00 11 00 01", way: (value: { entries: AmfValue[][] }) => value.entries[0]?.[0] },
  {
    hex: "0a 07 37 666c65782e6d6573736167696e672e696f2e41727261794c697374 0a 00",
    way: (value: { value: AmfValue }) => value.value,
  },
  { hex: "09 03 01 09 03 01 09 00", way: (value: AmfStrictArray) => recordsOf(value.items[0])[0] },
];

Deno.test("AMF3 values that hold themselves: a record stands there that knows which is meant", () => {
  for (const { hex, way } of CYCLES) {
    const bytes = fromHex(hex);
    const [value] = decodeAmf3(bytes);
    const cycle = way(value as never);
    assertEquals((cycle as AmfCycle).kind, "cycle");
    assertStrictEquals(cycleTarget(cycle as AmfCycle), value);
    // What walks all properties, even hidden ones, comes to an end.
    assertEquals(Reflect.ownKeys(cycle as AmfCycle), ["kind"]);
    assertEquals(toHex(encodeAmf3(value)), toHex(bytes));
    assertEquals(amfProperty(cycle, "a"), undefined);
  }
});

Deno.test("AMF3 values that hold themselves: one that was made otherwise stands for nothing", () => {
  assertEquals(cycleTarget({ kind: "cycle" }), undefined);
  assertEquals(toHex(encodeAmf3({ kind: "cycle" })), "00");
});

Deno.test("AMF3 values that hold themselves: a part of one is written with all it needs", () => {
  const [outer] = decodeAmf3(fromHex("09 03 01 0a 0b 01 0361 09 00 01"));
  const [inner] = recordsOf(outer);
  const [again] = decodeAmf3(encodeAmf3(inner));
  const array = amfProperty(again, "a");
  const [cycle] = recordsOf(array);
  assertStrictEquals(cycleTarget(cycle as AmfCycle), again);
});

Deno.test("AMF3 values that hold themselves are refused where a property is written twice", () => {
  // What the array refers to is dropped with the first "e", and would come back when written.
  const dropped = "0a 0b 01 0365 0a 01 00 09 03 01 0a 02 01 00 09 03 01 09 04 01";
  const bodies = [
    dropped,
    "0a 0b 01 0361 0a 00 00 01 01",
    "0a 0b 01 0361 01 00 0a 00 01",
    "0a 2b 01 0361 00 0a 00 01 01",
    "09 01 0361 09 00 00 01 01",
  ];
  for (const hex of bodies) {
    assertThrows(() => decodeAmf3(fromHex(hex)), AmfError, "written twice");
  }
  const inAmf0 = fromHex("03 0001 61 05 0001 61 11 09 03 01 09 00 000009");
  assertThrows(() => decodeAmf0(inAmf0), AmfError, "written twice");
});

Deno.test("AMF3 values that are made to hold themselves are written as references", () => {
  const items: AmfValue[] = [];
  const value = array(...items);
  (value.items as AmfValue[]).push(value);
  assertEquals(toHex(encodeAmf3(value)), "0903010900");
});
