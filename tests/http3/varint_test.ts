import { assertEquals } from "@std/assert";
import { Http3Code, Http3Error } from "../../src/http3/http3_error.ts";
import { encodeVarint, readCodePoint, readVarint } from "../../src/http3/varint.ts";
import { fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";
import { codeOf } from "./errors.ts";

/** Both ways; the first three are examples of RFC 9000 A.1. */
const NUMBERS: readonly (readonly [value: number, hex: string])[] = [
  [494_878_333, "9d7f3e7d"],
  [15_293, "7bbd"],
  [37, "25"],
  [0, "00"],
  [63, "3f"],
  [64, "4040"],
  [16_383, "7fff"],
  [16_384, "80004000"],
  [2 ** 30 - 1, "bfffffff"],
  [2 ** 30, "c000000040000000"],
  [2 ** 32 + 1, "c000000100000001"],
  [Number.MAX_SAFE_INTEGER, "c01fffffffffffff"],
];

Deno.test("varints: both ways, at an offset, with something behind", () => {
  for (const [value, hex] of NUMBERS) {
    assertEquals(toHex(encodeVarint(value)), hex);
    const bytes = fromHex(`ff${hex}ff`);
    const end = bytes.length - 1;
    assertEquals(readVarint(bytes, 1), { value, end }, hex);
    assertEquals(readCodePoint(bytes, 1), { value, end }, hex);
  }
});

Deno.test("varints: what is cut off needs more", () => {
  for (const [, hex] of NUMBERS) {
    const bytes = fromHex(hex);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(readVarint(bytes.subarray(0, length), 0), undefined);
    }
  }
  assertEquals(readVarint(Uint8Array.of(1), 1), undefined);
});

Deno.test("varints: longer than they must be", () => {
  for (const hex of ["4025", "80000025", "c000000000000025"]) {
    assertEquals(readVarint(fromHex(hex), 0), { value: 37, end: hex.length / 2 });
  }
});

Deno.test("varints: above 2^53-1 they are refused, but pass as names of what is unknown", () => {
  // The last but one is the first example of RFC 9000 A.1.
  for (const hex of ["c020000000000000", "c020000000000001", "c2197c5eff14e88c", "ff".repeat(8)]) {
    assertEquals(codeOf(() => readVarint(fromHex(hex), 0)), Http3Code.excessiveLoad);
    assertEquals(readCodePoint(fromHex(hex), 0), { value: Infinity, end: 8 });
  }
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assertEquals(codeOf(() => encodeVarint(value)), Http3Code.internalError, `${value}`);
  }
});

Deno.test("varints: mutations", () => {
  surviveMutations(
    NUMBERS.map(([, hex]) => fromHex(hex)),
    (bytes) => {
      const read = readVarint(bytes, 0);
      if (read === undefined) return;
      assertEquals(readVarint(encodeVarint(read.value), 0)?.value, read.value);
    },
    Http3Error,
    { count: 500 },
  );
});
