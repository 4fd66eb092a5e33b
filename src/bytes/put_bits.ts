/**
 * Writes a bit field into bytes that there are, most significant bit first, and leaves all others.
 *
 * @param from of its first bit, from the start of `bytes`
 * @param count bits, up to 32
 * @throws {RangeError} if it does not end within `bytes`
 *
 * @example
 * ```ts
 * import { putBits } from "./put_bits.ts";
 *
 * const bytes = Uint8Array.of(0xff, 0xff);
 * putBits(bytes, 6, 4, 0b0010);
 * bytes; // 0b1111_1100, 0b1011_1111
 * ```
 */
export function putBits(bytes: Uint8Array, from: number, count: number, value: number): void {
  if (from + count > 8 * bytes.length) {
    throw new RangeError(
      `Cannot put ${count} bits at ${from}: there are ${8 * bytes.length}`,
    );
  }
  for (let index = 0; index < count; index++) {
    const at = from + index;
    const mask = 0x80 >> (at & 7);
    const isSet = (value >>> (count - 1 - index) & 1) === 1;
    bytes[at >> 3] = isSet ? bytes[at >> 3]! | mask : bytes[at >> 3]! & ~mask;
  }
}
