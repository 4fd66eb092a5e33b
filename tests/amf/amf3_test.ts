import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { decodeAmf3, encodeAmf3 } from "../../testing/amf/amf3.ts";
import { Amf3Reader } from "../../testing/amf/amf3_reader.ts";
import { AmfError } from "../../src/amf/amf_error.ts";
import { amfContent, amfObject, amfProperty, type AmfValue } from "../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../testing/amf/ecma_array.ts";
import { AMF3_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";
import { sameAmfValues } from "./same_value.ts";

/** "flex.messaging.io.ArrayCollection" as a string behind its length. */
const ARRAY_COLLECTION = "43 666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e";
const ARRAY_LIST = "37 666c65782e6d6573736167696e672e696f2e41727261794c697374";
const OBJECT_PROXY = "3b 666c65782e6d6573736167696e672e696f2e4f626a65637450726f7879";

const properties = (entries: Record<string, AmfValue>) => new Map(Object.entries(entries));

/** Values as they are written: every row must decode to its value and encode to its bytes. */
const TABLE: readonly { name: string; hex: string; value: AmfValue }[] = [
  { name: "undefined", hex: "00", value: undefined },
  { name: "null", hex: "01", value: null },
  { name: "false", hex: "02", value: false },
  { name: "true", hex: "03", value: true },
  { name: "integer 0", hex: "04 00", value: 0 },
  { name: "integer of one byte", hex: "04 7f", value: 0x7f },
  { name: "integer of two bytes", hex: "04 8100", value: 0x80 },
  { name: "longest integer of two bytes", hex: "04 ff7f", value: 0x3fff },
  { name: "integer of three bytes", hex: "04 818000", value: 0x4000 },
  { name: "longest integer of three bytes", hex: "04 ffff7f", value: 0x1f_ffff },
  { name: "integer of four bytes", hex: "04 80c08000", value: 0x20_0000 },
  { name: "largest integer", hex: "04 bfffffff", value: 2 ** 28 - 1 },
  { name: "smallest integer", hex: "04 c0808000", value: -(2 ** 28) },
  { name: "integer -1", hex: "04 ffffffff", value: -1 },
  { name: "double beyond integers", hex: "05 41b0000000000000", value: 2 ** 28 },
  { name: "double below integers", hex: "05 c1b0000001000000", value: -(2 ** 28) - 1 },
  { name: "fraction", hex: "05 3ff8000000000000", value: 1.5 },
  { name: "negative zero", hex: "05 8000000000000000", value: -0 },
  { name: "infinity", hex: "05 7ff0000000000000", value: Infinity },
  { name: "not a number", hex: "05 7ff8000000000000", value: NaN },
  { name: "empty string", hex: "06 01", value: "" },
  { name: "string", hex: "06 09 6c697665", value: "live" },
  { name: "string beyond ASCII", hex: "06 05 c3a9", value: "é" },
  { name: "string with byte order mark", hex: "06 09 efbbbf61", value: "\uFEFFa" },
  { name: "xml document", hex: "07 09 3c612f3e", value: { kind: "xml", text: "<a/>" } },
  {
    name: "date",
    hex: "08 01 42774876e8000000",
    value: { kind: "date", unixMs: 1_600_000_000_000, timezoneMinutes: 0 },
  },
  { name: "empty array", hex: "09 01 01", value: { kind: "strict-array", items: [] } },
  {
    name: "dense array",
    hex: "09 05 01 0401 03",
    value: { kind: "strict-array", items: [1, true] },
  },
  { name: "associative array", hex: "09 01 0361 0401 01", value: amfEcmaArray({ a: 1 }) },
  {
    name: "array with both parts",
    hex: "09 03 0361 0401 01 02",
    value: { kind: "mixed-array", properties: properties({ a: 1 }), items: [false] },
  },
  { name: "object", hex: "0a 0b 01 0361 0401 01", value: amfObject({ a: 1 }) },
  { name: "object without properties", hex: "0a 0b 01 01", value: amfObject({}) },
  {
    name: "object of a class, dynamic",
    hex: "0a 0b 0350 0378 0401 01",
    value: { kind: "typed-object", className: "P", properties: properties({ x: 1 }) },
  },
  {
    name: "object of a class, sealed",
    hex: "0a 23 0350 0378 0379 0401 0402",
    value: {
      kind: "typed-object",
      className: "P",
      traits: { sealedNames: ["x", "y"], isDynamic: false },
      properties: properties({ x: 1, y: 2 }),
    },
  },
  {
    name: "object of a class, sealed and dynamic",
    hex: "0a 1b 0350 0378 0401 0379 0402 01",
    value: {
      kind: "typed-object",
      className: "P",
      traits: { sealedNames: ["x"], isDynamic: true },
      properties: properties({ x: 1, y: 2 }),
    },
  },
  {
    name: "anonymous object, sealed",
    hex: "0a 13 01 0378 01",
    value: {
      kind: "object",
      traits: { sealedNames: ["x"], isDynamic: false },
      properties: properties({ x: null }),
    },
  },
  {
    name: "object of a class without properties",
    hex: "0a 03 0350",
    value: {
      kind: "typed-object",
      className: "P",
      traits: { sealedNames: [], isDynamic: false },
      properties: new Map(),
    },
  },
  {
    name: "array collection",
    hex: `0a 07 ${ARRAY_COLLECTION} 09 03 01 0401`,
    value: {
      kind: "externalizable",
      className: "flex.messaging.io.ArrayCollection",
      value: { kind: "strict-array", items: [1] },
    },
  },
  {
    name: "array list",
    hex: `0a 07 ${ARRAY_LIST} 09 01 01`,
    value: {
      kind: "externalizable",
      className: "flex.messaging.io.ArrayList",
      value: { kind: "strict-array", items: [] },
    },
  },
  {
    name: "object proxy",
    hex: `0a 07 ${OBJECT_PROXY} 0a 0b 01 0361 03 01`,
    value: {
      kind: "externalizable",
      className: "flex.messaging.io.ObjectProxy",
      value: amfObject({ a: true }),
    },
  },
  { name: "xml", hex: "0b 09 3c612f3e", value: { kind: "e4x", text: "<a/>" } },
  {
    name: "byte array",
    hex: "0c 07 00ff80",
    value: { kind: "byte-array", bytes: Uint8Array.of(0, 255, 128) },
  },
  {
    name: "empty byte array",
    hex: "0c 01",
    value: { kind: "byte-array", bytes: new Uint8Array() },
  },
  {
    name: "vector of integers",
    hex: "0d 05 00 00000001 ffffffff",
    value: { kind: "int-vector", isFixed: false, items: Int32Array.of(1, -1) },
  },
  {
    name: "vector of unsigned integers, fixed",
    hex: "0e 05 01 00000001 ffffffff",
    value: { kind: "uint-vector", isFixed: true, items: Uint32Array.of(1, 0xffff_ffff) },
  },
  {
    name: "vector of doubles",
    hex: "0f 03 01 3ff8000000000000",
    value: { kind: "double-vector", isFixed: true, items: Float64Array.of(1.5) },
  },
  {
    name: "vector of objects",
    hex: "10 05 01 0350 01 0a 0b 00 01",
    value: {
      kind: "object-vector",
      isFixed: true,
      className: "P",
      items: [null, { kind: "typed-object", className: "P", properties: new Map() }],
    },
  },
  {
    name: "vector of anything",
    hex: "10 05 00 032a 0401 06 00",
    value: { kind: "object-vector", isFixed: false, className: "*", items: [1, "*"] },
  },
  {
    name: "dictionary",
    hex: "11 05 00 06 0361 0401 08 01 0000000000000000 01",
    value: {
      kind: "dictionary",
      hasWeakKeys: false,
      entries: [["a", 1], [{ kind: "date", unixMs: 0, timezoneMinutes: 0 }, null]],
    },
  },
  {
    name: "empty dictionary with weak keys",
    hex: "11 01 01",
    value: { kind: "dictionary", hasWeakKeys: true, entries: [] },
  },
];

for (const { name, hex, value } of TABLE) {
  const bytes = fromHex(hex);
  Deno.test(`AMF3 ${name}: both ways`, () => {
    assertEquals(decodeAmf3(bytes), [value]);
    assertEquals(toHex(encodeAmf3(value)), toHex(bytes));
  });
  Deno.test(`AMF3 ${name}: with values behind it`, () => {
    const reader = new Amf3Reader(Uint8Array.of(...bytes, 1, 2));
    assertEquals(reader.value(), value);
    assertEquals(reader.remaining, 2);
    assertEquals(reader.value(), null);
    assertEquals(toHex(reader.rest()), "02");
    assertThrows(() => reader.value(), AmfError, "needs 1 bytes");
  });
  Deno.test(`AMF3 ${name}: cut short`, () => {
    for (let length = 1; length < bytes.length; length++) {
      assertThrows(() => decodeAmf3(bytes.subarray(0, length)), AmfError);
    }
  });
}

/** Bodies that writers other than ours may send: they decode, and are written otherwise. */
const OTHER_FORMS: readonly { name: string; hex: string; value: AmfValue; again: string }[] = [
  { name: "integer of more bytes than needed", hex: "04 80808005", value: 5, again: "04 05" },
  { name: "integer as a double", hex: "05 4014000000000000", value: 5, again: "04 05" },
  {
    name: "fixed vector by another number than 1",
    hex: "0d 01 07",
    value: { kind: "int-vector", isFixed: true, items: new Int32Array() },
    again: "0d 01 01",
  },
  {
    name: "property written twice",
    hex: "0a 0b 01 0361 0401 00 0402 01",
    value: amfObject({ a: 2 }),
    again: "0a 0b 01 0361 0402 01",
  },
  {
    name: "sealed name written twice, and as a dynamic property",
    hex: "0a 2b 01 0361 00 0401 0402 00 0403 01",
    value: {
      kind: "object",
      traits: { sealedNames: ["a"], isDynamic: true },
      properties: properties({ a: 3 }),
    },
    again: "0a 1b 01 0361 0403 01",
  },
  {
    name: "sealed property without a name",
    hex: "0a 1b 01 01 0401 01",
    value: {
      kind: "object",
      traits: { sealedNames: [""], isDynamic: true },
      properties: properties({ "": 1 }),
    },
    again: "0a 1b 01 01 0401 01",
  },
  {
    name: "all bits set behind the one of an externalizable class",
    hex: `0a ffffff7f ${ARRAY_LIST} 01`,
    value: { kind: "externalizable", className: "flex.messaging.io.ArrayList", value: null },
    again: `0a 07 ${ARRAY_LIST} 01`,
  },
  { name: "text that is no UTF-8", hex: "06 03 ff", value: "\uFFFD", again: "06 07 efbfbd" },
];

for (const { name, hex, value, again } of OTHER_FORMS) {
  Deno.test(`AMF3 ${name}: read, and written as usual`, () => {
    assertEquals(decodeAmf3(fromHex(hex)), [value]);
    assertEquals(toHex(encodeAmf3(value)), toHex(fromHex(again)));
    assertEquals(decodeAmf3(fromHex(again)), [value]);
  });
}

Deno.test("AMF3 object: names of Object.prototype are names", () => {
  const value = amfObject(JSON.parse('{ "__proto__": 1 }'));
  const [decoded] = decodeAmf3(encodeAmf3(value));
  assertEquals(amfProperty(decoded, "__proto__"), 1);
  assertEquals(amfProperty(decoded, "toString"), undefined);
});

Deno.test("AMF3 collections: properties and items are those of what they hold", () => {
  const [proxy, list] = decodeAmf3(fromHex(
    `0a 07 ${OBJECT_PROXY} 0a 0b 01 0361 03 01 0a 07 ${ARRAY_LIST} 09 03 01 0401`,
  ));
  assertEquals(amfProperty(proxy, "a"), true);
  assertEquals(amfContent(list), { kind: "strict-array", items: [1] });
  assertEquals(amfContent("a"), "a");
});

Deno.test("AMF3 refuses externalizable classes whose form is not known", () => {
  const body = fromHex("0a 07 0350 01");
  assertThrows(() => decodeAmf3(body), AmfError, 'flex.messaging.io.ObjectProxy, got "P"');
  const value = { kind: "externalizable", className: "P", value: null } as const;
  assertThrows(() => encodeAmf3(value), AmfError, 'got "P"');
});

Deno.test("AMF3 refuses unknown types", () => {
  for (const marker of [0x12, 0x7f, 0xff]) {
    assertThrows(() => decodeAmf3(Uint8Array.of(marker)), AmfError, `got ${marker}`);
  }
});

Deno.test("AMF3 writes what AMF0 alone can say as near as it can", () => {
  const date = { kind: "date", unixMs: 1, timezoneMinutes: -120 } as const;
  assertEquals(decodeAmf3(encodeAmf3(date)), [{ ...date, timezoneMinutes: 0 }]);
  assertEquals(decodeAmf3(encodeAmf3({ kind: "unsupported" })), [undefined]);
  assertEquals(decodeAmf3(encodeAmf3(amfEcmaArray({}))), [{ kind: "strict-array", items: [] }]);
  const reference = { kind: "reference", index: 0 } as const;
  assertThrows(() => encodeAmf3(reference), AmfError, "reference of AMF0");
  assertThrows(() => encodeAmf3(amfObject({ "": 1 })), AmfError, "must not be empty");
});

Deno.test("AMF3 refuses to write properties that a class does not have", () => {
  const traits = { sealedNames: ["x"], isDynamic: false };
  const value = { kind: "object", traits, properties: properties({ x: 1, y: 2 }) } as const;
  assertThrows(() => encodeAmf3(value), AmfError, "has 1 properties, got 2");
  const empty = { kind: "object", traits, properties: new Map() } as const;
  assertEquals(toHex(encodeAmf3(empty)), "0a1301037800");
});

Deno.test("AMF3 values borrow nothing from the body", () => {
  const body = encodeAmf3({ kind: "byte-array", bytes: Uint8Array.of(1, 2) }, "text");
  const values = decodeAmf3(body);
  body.fill(0);
  assertEquals(values, [{ kind: "byte-array", bytes: Uint8Array.of(1, 2) }, "text"]);
  assertStrictEquals(decodeAmf3(new Uint8Array()).length, 0);
});

Deno.test("AMF3 survives mutations, and what it reads it can write", () => {
  surviveMutations(AMF3_SAMPLES, (bytes) => {
    const values = decodeAmf3(bytes);
    let again: AmfValue[];
    try {
      again = decodeAmf3(encodeAmf3(...values));
    } catch (error) {
      throw new Error("Cannot write or read again what was read", { cause: error });
    }
    assertEquals(sameAmfValues(again, values), true);
  }, AmfError);
});
