import type { ErrorClass } from "./byte_reader.ts";

/** Exp-Golomb codes longer than this are garbage: ue(v) never exceeds 32 bits (H.264 9.1). */
const MAX_LEADING_ZEROS = 31;

/**
 * Reads bit fields, most significant bit first, with the Exp-Golomb codes of H.264 and H.265.
 *
 * Takes bytes as they are: remove emulation prevention before (`codec/` does). Reading past the
 * end throws the error class given to the constructor.
 *
 * @example
 * ```ts
 * import { BitReader } from "./bit_reader.ts";
 *
 * const bits = new BitReader(Uint8Array.of(0b0001_0000), RangeError);
 * bits.bits(3); // 0
 * bits.ue(); // 0, coded as the single bit 1
 * ```
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #errorClass: ErrorClass;
  #bitOffset = 0;

  constructor(bytes: Uint8Array, errorClass: ErrorClass = RangeError) {
    this.#bytes = bytes;
    this.#errorClass = errorClass;
  }

  /** Bits not read yet. */
  get remaining(): number {
    return this.#bytes.length * 8 - this.#bitOffset;
  }

  bit(): 0 | 1 {
    if (this.remaining < 1) {
      throw new this.#errorClass(`Cannot read a bit: needs 1 bit at ${this.#bitOffset}, has 0`);
    }
    const byte = this.#bytes[this.#bitOffset >> 3]!;
    const bit = (byte >> (7 - (this.#bitOffset & 7))) & 1;
    this.#bitOffset++;
    return bit as 0 | 1;
  }

  /** An unsigned integer of `count` bits, 0 to 32. */
  bits(count: number): number {
    if (count > this.remaining) {
      throw new this.#errorClass(
        `Cannot read ${count} bits: at ${this.#bitOffset}, has ${this.remaining}`,
      );
    }
    let value = 0;
    for (let left = count; left > 0;) {
      const inByte = Math.min(left, 8 - (this.#bitOffset & 7));
      const shift = 8 - (this.#bitOffset & 7) - inByte;
      const part = (this.#bytes[this.#bitOffset >> 3]! >> shift) & ((1 << inByte) - 1);
      value = value * (1 << inByte) + part;
      this.#bitOffset += inByte;
      left -= inByte;
    }
    return value;
  }

  skip(count: number): void {
    if (count > this.remaining) {
      throw new this.#errorClass(
        `Cannot skip ${count} bits: at ${this.#bitOffset}, has ${this.remaining}`,
      );
    }
    this.#bitOffset += count;
  }

  /** An unsigned Exp-Golomb code, ue(v) (H.264 9.1). */
  ue(): number {
    let leadingZeros = 0;
    while (this.bit() === 0) {
      leadingZeros++;
      if (leadingZeros > MAX_LEADING_ZEROS) {
        throw new this.#errorClass(
          `Cannot read Exp-Golomb code: at most ${MAX_LEADING_ZEROS} leading zeros, got more`,
        );
      }
    }
    return 2 ** leadingZeros - 1 + this.bits(leadingZeros);
  }

  /** As {@linkcode ue}, but -1 where there is no such code, for those who must not throw. */
  tryUe(): number {
    let leadingZeros = 0;
    while (this.remaining > 0) {
      if (this.bit() === 1) {
        const isWhole = leadingZeros <= Math.min(MAX_LEADING_ZEROS, this.remaining);
        return isWhole ? 2 ** leadingZeros - 1 + this.bits(leadingZeros) : -1;
      }
      leadingZeros++;
    }
    return -1;
  }

  /** A signed Exp-Golomb code, se(v) (H.264 9.1.1). */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -(code / 2);
  }
}
