import { assertEquals } from "@std/assert";
import { Http3Code, Http3Error } from "../../../src/http3/http3_error.ts";
import {
  decodeFieldSection,
  encodeFieldSection,
  MAX_FIELD_SECTION_SIZE,
  MAX_FIELDS,
} from "../../../src/http3/qpack/field_section.ts";
import { type HeaderField, STATIC_TABLE } from "../../../src/http3/qpack/static_table.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { codeOf } from "../errors.ts";
import { ENCODED_SECTIONS } from "./field_section_samples.ts";

/** Both ways. */
const SECTIONS: readonly (readonly [fields: readonly HeaderField[], hex: string])[] = [
  [[], "0000"],
  [[[":status", "200"]], "0000 27 00 3a737461747573 03 323030"],
  [[["a", ""], ["b", "\u00e9\u0080"]], "0000 21 61 00 21 62 02 e980"],
  // Lengths that just fit into their prefixes, and those above.
  [[["123456", "7"]], "0000 26 313233343536 01 37"],
  [[["1234567", "8"]], "0000 27 00 31323334353637 01 38"],
  [[["a", "b".repeat(126)]], `0000 21 61 7e ${"62".repeat(126)}`],
  [[["a", "b".repeat(127)]], `0000 21 61 7f00 ${"62".repeat(127)}`],
  [[["a", "b".repeat(127 + 128)]], `0000 21 61 7f8001 ${"62".repeat(255)}`],
];

Deno.test("field sections: both ways", () => {
  for (const [fields, hex] of SECTIONS) {
    assertEquals(toHex(encodeFieldSection(fields)), hex.replaceAll(" ", ""));
    assertEquals(decodeFieldSection(fromHex(hex)), fields);
  }
  for (const [, fields] of ENCODED_SECTIONS) {
    assertEquals(decodeFieldSection(encodeFieldSection(fields)), fields);
  }
});

Deno.test("field sections: indexed, by name, in Huffman's code", () => {
  for (const [encoded, fields] of ENCODED_SECTIONS) {
    assertEquals(decodeFieldSection(encoded), fields, toHex(encoded));
  }
});

Deno.test("field sections: every entry of the static table, by itself and by its name", () => {
  assertEquals(STATIC_TABLE.length, 99);
  for (const [index, [name, value]] of STATIC_TABLE.entries()) {
    const indexed = index < 63 ? [0xc0 + index] : [0xff, index - 63];
    const byName = index < 15 ? [0x50 + index] : [0x5f, index - 15];
    const encoded = Uint8Array.of(0, 0, ...indexed, ...byName, 1, 0x78);
    assertEquals(decodeFieldSection(encoded), [[name, value], [name, "x"]]);
  }
  // RFC 9204 appendix A: first and last, and what differs most from HPACK.
  const pinned: readonly (readonly [number, string, string])[] = [
    [0, ":authority", ""],
    [1, ":path", "/"],
    [15, ":method", "CONNECT"],
    [23, ":scheme", "https"],
    [25, ":status", "200"],
    [29, "accept", "*/*"],
    [52, "content-type", "text/html; charset=utf-8"],
    [63, ":status", "100"],
    [74, "access-control-allow-credentials", "TRUE"],
    [84, "authorization", ""],
    [85, "content-security-policy", "script-src 'none'; object-src 'none'; base-uri 'none'"],
    [90, "origin", ""],
    [95, "user-agent", ""],
    [98, "x-frame-options", "sameorigin"],
  ];
  for (const [index, ...field] of pinned) assertEquals(STATIC_TABLE[index], field);
});

Deno.test("field sections: what refers to a dynamic table, or is broken", () => {
  const bad: readonly (readonly [what: string, hex: string])[] = [
    ["nothing", ""],
    ["no base", "00"],
    ["an insertion (RFC 9204 B.2)", "0381 10 11"],
    ["an insertion that nothing refers to", "0100 d9"],
    ["many insertions", "ff00 00"],
    ["a negative base", "0080 d9"],
    ["a negative base far below", "0085"],
    ["indexed, dynamic", "0000 80"],
    ["indexed, behind the base", "0000 10"],
    ["name, dynamic", "0000 40 00"],
    ["name, behind the base", "0000 00 00"],
    ["name, behind the base, never to be indexed", "0000 08 00"],
    ["index above the last", "0000 ff24"],
    ["index far above", "0000 ffffffff7f"],
    ["index of a name above the last", "0000 5f54 00"],
    ["an integer of five bytes", "0000 ff8080808000"],
    ["an integer without an end", "0000 ffffffffff"],
    ["an integer that is cut off", "0000 ff"],
    ["a value that is cut off", "0000 510b2f"],
    ["no value", "0000 51"],
    ["a name that is cut off", "0000 2261"],
    ["no value behind a name", "0000 2161"],
    ["a value that is longer than can be", "0000 517fffffff7f"],
    ["a value with padding of zeros", "0000 518106"],
  ];
  for (const [what, hex] of bad) {
    const code = codeOf(() => decodeFieldSection(fromHex(hex)));
    assertEquals(code, Http3Code.qpackDecompressionFailed, what);
  }
});

Deno.test("field sections: a section that is cut off is refused, or has fewer fields", () => {
  for (const [encoded, fields] of ENCODED_SECTIONS) {
    for (let length = 0; length < encoded.length; length++) {
      try {
        const some = decodeFieldSection(encoded.subarray(0, length));
        assertEquals(some, fields.slice(0, some.length));
        assertEquals(some.length < fields.length || encoded.length === 2, true);
      } catch (error) {
        if (!(error instanceof Http3Error)) throw error;
        assertEquals(error.code, Http3Code.qpackDecompressionFailed);
      }
    }
  }
});

Deno.test("field sections: as many fields as may be, and one more", () => {
  const fields = Array.from({ length: MAX_FIELDS }, (): HeaderField => ["a", "b"]);
  assertEquals(decodeFieldSection(encodeFieldSection(fields)), fields);
  const more = encodeFieldSection([...fields, ["a", "b"]]);
  assertEquals(codeOf(() => decodeFieldSection(more)), Http3Code.excessiveLoad);
  const indexed = new Uint8Array(2 + MAX_FIELDS + 1).fill(0xd9, 2);
  assertEquals(decodeFieldSection(indexed.subarray(0, -1)).length, MAX_FIELDS);
  assertEquals(codeOf(() => decodeFieldSection(indexed)), Http3Code.excessiveLoad);
});

Deno.test("field sections: as large as may be, and one more, by value, name and fields", () => {
  const largest = MAX_FIELD_SECTION_SIZE - 32 - 1;
  const half = MAX_FIELD_SECTION_SIZE / 2 - 32;
  const shapes = [
    (more: number): HeaderField[] => [["a", "b".repeat(largest + more)]],
    (more: number): HeaderField[] => [["a".repeat(largest + more), "b"]],
    (
      more: number,
    ): HeaderField[] => [["a", "b".repeat(half - 1)], ["a", "b".repeat(half - 1 + more)]],
  ];
  for (const shape of shapes) {
    assertEquals(decodeFieldSection(encodeFieldSection(shape(0))), shape(0));
    for (const more of [1, 32, 33, 1000]) {
      const encoded = encodeFieldSection(shape(more));
      assertEquals(codeOf(() => decodeFieldSection(encoded)), Http3Code.excessiveLoad, `${more}`);
    }
  }
});

Deno.test("field sections: mutations", () => {
  surviveMutations(
    ENCODED_SECTIONS.flatMap(([encoded, fields]) => [encoded, encodeFieldSection(fields)]),
    (bytes) => {
      const fields = decodeFieldSection(bytes);
      assertEquals(decodeFieldSection(encodeFieldSection(fields)), fields);
    },
    Http3Error,
    { count: 300 },
  );
});
