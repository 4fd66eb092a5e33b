import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { decodeAmf0, encodeAmf0 } from "../../src/amf/amf0.ts";
import { decodeAmf3, encodeAmf3 } from "../../testing/amf/amf3.ts";
import { AmfError } from "../../src/amf/amf_error.ts";
import {
  MAX_AMF3_CONTENT_SIZE,
  MAX_AMF_DEPTH,
  MAX_AMF_NAME_LENGTH,
  MAX_AMF_VALUES,
} from "../../src/amf/amf_limits.ts";
import { amfObject, type AmfValue } from "../../src/amf/amf_value.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";

const array = (...items: AmfValue[]): AmfValue => ({ kind: "strict-array", items });

/** What opens one more level, and what closes it. */
const LEVELS: readonly (readonly [kind: string, opening: string, closing: string])[] = [
  ["array", "09 03 01", ""],
  ["ecma-array", "09 01 03 61", "01"],
  ["object", "0a 0b 01 03 61", "01"],
  ["sealed object", "0a 13 01 03 61", ""],
  ["object vector", "10 03 00 01", ""],
  ["dictionary value", "11 03 00 01", ""],
  ["dictionary key", "11 03 00", "01"],
  ["collection", "0a 07 37 666c65782e6d6573736167696e672e696f2e41727261794c697374", ""],
];

for (const [kind, opening, closing] of LEVELS) {
  Deno.test(`AMF3 depth of ${kind}: up to the limit, and no stack overflow beyond`, () => {
    const nested = (depth: number) => fromHex(opening.repeat(depth) + "01" + closing.repeat(depth));
    const deepest = decodeAmf3(nested(MAX_AMF_DEPTH));
    assertEquals(decodeAmf3(encodeAmf3(...deepest)), deepest);
    for (const depth of [MAX_AMF_DEPTH + 1, 1000, 100_000]) {
      assertThrows(() => decodeAmf3(nested(depth)), AmfError, "depth");
    }
  });
}

Deno.test("AMF3 depth: writing ends at the limit too", () => {
  let value: AmfValue = null;
  for (let depth = 0; depth < MAX_AMF_DEPTH; depth++) value = array(value);
  assertEquals(decodeAmf3(encodeAmf3(value)), [value]);
  assertThrows(() => encodeAmf3(array(value)), AmfError, "depth");
});

Deno.test("AMF3 depth: what is referred to counts where the reference stands", () => {
  const nested = "09 03 01".repeat(MAX_AMF_DEPTH - 1) + "01";
  decodeAmf3(fromHex(nested + "09 03 01 09 00"));
  // The one inside the outermost is less deep by one.
  decodeAmf3(fromHex(nested + "09 03 01 09 03 01 09 02"));
  assertThrows(() => decodeAmf3(fromHex(nested + "09 03 01 09 03 01 09 00")), AmfError, "depth");
});

Deno.test("AMF3 number of values: up to the limit over the whole body", () => {
  const nulls = (count: number) => new Uint8Array(count).fill(1);
  assertEquals(decodeAmf3(nulls(MAX_AMF_VALUES)).length, MAX_AMF_VALUES);
  assertThrows(() => decodeAmf3(nulls(MAX_AMF_VALUES + 1)), AmfError, `${MAX_AMF_VALUES} values`);
});

Deno.test("AMF3 number of values: a reference counts as all that it stands for", () => {
  // An array of 99 nulls: 100 values with itself.
  const hundred = "09 8147 01" + "01".repeat(99);
  const times = (count: number) => fromHex(hundred + "09 00".repeat(count - 1));
  assertEquals(decodeAmf3(times(MAX_AMF_VALUES / 100)).length, MAX_AMF_VALUES / 100);
  assertThrows(() => decodeAmf3(times(MAX_AMF_VALUES / 100 + 1)), AmfError, "values");
});

Deno.test("AMF3 references to references do not grow beyond the limit", () => {
  // Each array holds the one before it twice: 2 to the power of their number in all.
  const doubled = (count: number) => {
    let hex = "09 01 01";
    for (let index = 0; index < count; index++) {
      hex += "09 05 01" + (`09 ${(index << 1).toString(16).padStart(2, "0")}`).repeat(2);
    }
    return fromHex(hex);
  };
  decodeAmf3(doubled(10));
  assertThrows(() => decodeAmf3(doubled(20)), AmfError, "values");
  assertThrows(() => decodeAmf3(doubled(60)), AmfError, "values");
});

Deno.test("AMF3 content: up to the limit with all that references repeat", () => {
  const text = 1 << 16;
  const body = (references: number) => {
    const out = new ByteWriter(text + 1000).u8(6).u29((text << 1) | 1).bytes(new Uint8Array(text));
    for (let index = 0; index < references; index++) out.u8(6).u29(0);
    return out.take();
  };
  const most = MAX_AMF3_CONTENT_SIZE / text;
  assertEquals(decodeAmf3(body(most - 1)).length, most);
  assertThrows(() => decodeAmf3(body(most)), AmfError, `up to ${MAX_AMF3_CONTENT_SIZE}`);
});

Deno.test("AMF3 content: bytes, vectors, and names by way of traits are counted as well", () => {
  const most = MAX_AMF3_CONTENT_SIZE / (1 << 14);
  const bytes = new Uint8Array(1 << 14);
  const name = "n".repeat(MAX_AMF_NAME_LENGTH);
  const records: AmfValue[] = [
    { kind: "byte-array", bytes },
    { kind: "e4x", text: "x".repeat(1 << 14) },
    { kind: "int-vector", isFixed: false, items: new Int32Array(1 << 12) },
    { kind: "double-vector", isFixed: false, items: new Float64Array(1 << 11) },
    array({ kind: "byte-array", bytes }),
    // Four names of 4096 characters, each counted in every reference to the object.
    amfObject({ [name]: name, [`${name.slice(1)}m`]: name }),
  ];
  for (const record of records) {
    const [first] = decodeAmf3(encodeAmf3(...new Array(most).fill(record)));
    assertEquals(first, record);
    const over = encodeAmf3(...new Array(most + 1).fill(record));
    assertThrows(() => decodeAmf3(over), AmfError, "Cannot read AMF3 body");
  }
});

Deno.test("AMF3 content: sealed names count in every object of the class", () => {
  const name = "n".repeat(MAX_AMF_NAME_LENGTH);
  const traits = { sealedNames: [name], isDynamic: false };
  const objects = (count: number): AmfValue[] =>
    Array.from({ length: count }, () => ({
      kind: "object",
      traits,
      properties: new Map([[name, null]]),
    }));
  const most = MAX_AMF3_CONTENT_SIZE / MAX_AMF_NAME_LENGTH;
  assertEquals(decodeAmf3(encodeAmf3(...objects(most))).length, most);
  assertThrows(() => decodeAmf3(encodeAmf3(...objects(most + 1))), AmfError, "AMF3 body");
});

Deno.test("AMF3 names: up to the limit, be they written or referred to", () => {
  const sized = (length: number) =>
    `${toHex(new ByteWriter().u29((length << 1) | 1).take())}` +
    "6e".repeat(length);
  const forms = [
    (name: string) => `0a 0b 01 ${name} 01 01`,
    (name: string) => `0a 0b ${name} 01`,
    (name: string) => `0a 13 01 ${name} 01`,
    (name: string) => `09 01 ${name} 01 01`,
    (name: string) => `10 01 00 ${name}`,
    (name: string) => `06 ${name} 09 01 00 01 01`,
  ];
  for (const form of forms) {
    decodeAmf3(fromHex(form(sized(MAX_AMF_NAME_LENGTH))));
    const longer = fromHex(form(sized(MAX_AMF_NAME_LENGTH + 1)));
    assertThrows(() => decodeAmf3(longer), AmfError, `${MAX_AMF_NAME_LENGTH} characters`);
  }
});

Deno.test("AMF3 counts: checked against the bytes left before anything is allocated", () => {
  const largest = "ffffffff";
  const cases: readonly (readonly [hex: string, message: string])[] = [
    [`09 ${largest} 01 01`, "at most 2 items"],
    [`0d ${largest} 00 00000001 00`, "at most 1 items"],
    [`0e ${largest} 00 00000001`, "at most 1 items"],
    [`0f ${largest} 00 0000000000000000`, "at most 1 items"],
    [`10 ${largest} 00 01 01`, "at most 1 items"],
    [`11 ${largest} 00 01 01 01`, "at most 1 items"],
    [`0a fffffff3 01 0361 01 01`, "at most 2 names"],
    [`0c ${largest} 00`, "needs 268435455 bytes"],
    [`06 ${largest} 00`, "needs 268435455 bytes"],
    [`07 ${largest} 00`, "needs 268435455 bytes"],
    [`0b ${largest} 00`, "needs 268435455 bytes"],
  ];
  for (const [hex, message] of cases) {
    assertThrows(() => decodeAmf3(fromHex(hex)), AmfError, message);
  }
  // As many as fit, and one more.
  assertEquals(decodeAmf3(fromHex("0d 05 00 00000001 00000002")).length, 1);
  assertThrows(() => decodeAmf3(fromHex("0d 07 00 00000001 00000002")), AmfError, "at most 2");
});

Deno.test("AMF3 traits: no more names than values can be", () => {
  const out = new ByteWriter(200_000).u8(0x0a).u29(((MAX_AMF_VALUES + 1) << 4) | 3).u8(1);
  const body = out.bytes(new Uint8Array(100_000).fill(1)).take();
  assertThrows(() => decodeAmf3(body), AmfError, `at most ${MAX_AMF_VALUES} names`);
});

Deno.test("AMF3 in AMF0: limits hold for both together", () => {
  const values = (count: number) => fromHex("05".repeat(count - 2) + "11 09 03 01 01");
  assertEquals(decodeAmf0(values(MAX_AMF_VALUES)).length, MAX_AMF_VALUES - 1);
  assertThrows(() => decodeAmf0(values(MAX_AMF_VALUES + 1)), AmfError, "values");
  const nested = (depth: number) =>
    fromHex("0a 00000001".repeat(depth / 2) + "11" + "09 03 01".repeat(depth / 2) + "01");
  const deepest = decodeAmf0(nested(MAX_AMF_DEPTH));
  assertEquals(decodeAmf0(encodeAmf0(...deepest)), deepest);
  assertThrows(() => decodeAmf0(nested(MAX_AMF_DEPTH + 2)), AmfError, "depth");
});

Deno.test("AMF3 whose references repeat as much as they may is still walked in no time", () => {
  const inner = array(...new Array(98).fill("x".repeat(1000)));
  const body = encodeAmf3(...new Array(100).fill(inner));
  assertLess(body.length, 2000);
  const values = decodeAmf3(body);
  // Every character is written, for AMF0 has no such references.
  assertLess(encodeAmf0(...values).length, 10_000_000);
});
