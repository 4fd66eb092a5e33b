/** DER (X.690): the few types that a certificate is made of, each returned as a whole element. */
import { concat } from "@std/bytes/concat";

const utf8 = new TextEncoder();

/** SEQUENCE of elements. */
export function derSequence(...elements: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return element(0x30, concat([...elements]));
}

/** SET OF; more than one element would have to be sorted, which this does not. */
export function derSet(onlyElement: Uint8Array): Uint8Array<ArrayBuffer> {
  return element(0x31, onlyElement);
}

/** INTEGER that is not negative, from its big-endian bytes (X.690 8.3: no more than are needed). */
export function derInteger(bigEndian: Uint8Array): Uint8Array<ArrayBuffer> {
  const first = bigEndian.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Uint8Array.of(0) : bigEndian.subarray(first);
  // A first bit that is set would be a sign.
  return element(0x02, digits[0]! < 0x80 ? digits : concat([Uint8Array.of(0), digits]));
}

/** BOOLEAN true; DER leaves out what is false by default. */
export function derTrue(): Uint8Array<ArrayBuffer> {
  return element(0x01, Uint8Array.of(0xff));
}

/** OBJECT IDENTIFIER from its dotted form: "2.5.29.17". */
export function derObjectIdentifier(dotted: string): Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

export function derUtf8String(text: string): Uint8Array<ArrayBuffer> {
  return element(0x0c, utf8.encode(text));
}

export function derOctetString(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return element(0x04, bytes);
}

/**
 * BIT STRING.
 *
 * @param unusedBits how many of the last byte's low bits do not count
 */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array<ArrayBuffer> {
  return element(0x03, concat([Uint8Array.of(unusedBits), bytes]));
}

/**
 * A moment as certificates write it (RFC 5280 4.1.2.5): UTCTime up to 2049, GeneralizedTime from
 * then on; whole seconds.
 */
export function derTime(epochMs: number): Uint8Array<ArrayBuffer> {
  const digits = new Date(epochMs).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return digits < "2050" ? element(0x17, utf8.encode(digits.slice(2))) : element(
    0x18,
    utf8.encode(digits),
  );
}

/** A context-specific tag around whole elements: "[number] EXPLICIT". */
export function derExplicit(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return element(0xa0 | number, content);
}

/** A context-specific tag in place of a type's own: "[number] IMPLICIT" of a primitive type. */
export function derImplicit(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return element(0x80 | number, content);
}

function element(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat([Uint8Array.of(tag, ...lengthBytes(content.length)), content]);
}

/** X.690 8.1.3: one byte below 128, else the number of bytes and then these. */
function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

/** X.690 8.19.2: seven bits a byte, and the eighth on all but the last. */
function base128(number: number): number[] {
  const bytes = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | rest % 128);
  }
  return bytes;
}
