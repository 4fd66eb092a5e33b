import { assertEquals } from "@std/assert";
import {
  derBitString,
  derExplicit,
  derImplicit,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSet,
  derTime,
  derTrue,
  derUtf8String,
} from "../../src/tls/der.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";

const bytes = (length: number) => new Uint8Array(length).fill(0xaa);

/** Elements as X.690 and RFC 5280 have them. */
const ELEMENTS: readonly (readonly [element: Uint8Array, hex: string])[] = [
  [derSequence(), "3000"],
  [derSequence(derTrue(), derOctetString(Uint8Array.of(5))), "3006 0101ff 040105"],
  [derSet(derTrue()), "3103 0101ff"],
  [derInteger(Uint8Array.of()), "020100"],
  [derInteger(Uint8Array.of(0)), "020100"],
  [derInteger(Uint8Array.of(0, 0, 2)), "020102"],
  [derInteger(Uint8Array.of(127)), "02017f"],
  // X.690 8.3: 128 is not -128.
  [derInteger(Uint8Array.of(128)), "02020080"],
  [derInteger(Uint8Array.of(0, 255, 0)), "020300ff00"],
  // The example of X.690 8.19.5, and what certificates are full of.
  [derObjectIdentifier("2.100.3"), "0603813403"],
  [derObjectIdentifier("2.5.29.17"), "0603551d11"],
  [derObjectIdentifier("1.2.840.10045.4.3.2"), "06082a8648ce3d040302"],
  [derObjectIdentifier("1.3.6.1.5.5.7.3.1"), "06082b06010505070301"],
  [derUtf8String("é"), "0c02c3a9"],
  [derBitString(fromHex("0a3b5f291cd0"), 4), "0307040a3b5f291cd0"],
  [derBitString(new Uint8Array()), "030100"],
  [derExplicit(3, derTrue()), "a3030101ff"],
  [derImplicit(7, Uint8Array.of(127, 0, 0, 1)), "87047f000001"],
  [derTime(Date.UTC(1991, 4, 6, 23, 45, 40, 999)), `170d${toHex(ascii("910506234540Z"))}`],
  [derTime(Date.UTC(2049, 11, 31, 23, 59, 59)), `170d${toHex(ascii("491231235959Z"))}`],
  [derTime(Date.UTC(2050, 0, 1)), `180f${toHex(ascii("20500101000000Z"))}`],
];

Deno.test("elements are as X.690 has them", () => {
  for (const [element, hex] of ELEMENTS) assertEquals(toHex(element), hex.replaceAll(" ", ""));
});

Deno.test("lengths have as many bytes as they need", () => {
  const heads = [[0, "0400"], [127, "047f"], [128, "048180"], [255, "0481ff"], [256, "04820100"], [
    65_536,
    "0483010000",
  ]] as const;
  for (const [length, head] of heads) {
    const element = derOctetString(bytes(length));
    assertEquals(toHex(element.subarray(0, head.length / 2)), head);
    assertEquals(element.length, head.length / 2 + length);
  }
});

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
