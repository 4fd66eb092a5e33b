/** Writes the bit fields of a test's hand-made input. */
export class BitWriter {
  #bits = "";

  bits(value: number, count: number): this {
    if (count > 0) this.#bits += value.toString(2).padStart(count, "0").slice(-count);
    return this;
  }

  ue(value: number): this {
    const code = (value + 1).toString(2);
    this.#bits += "0".repeat(code.length - 1) + code;
    return this;
  }

  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }

  /** The bytes, with zero bits up to the last one's end. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bits.match(/.{1,8}/g) ?? [];
    return Uint8Array.from(bytes, (bits) => parseInt(bits.padEnd(8, "0"), 2));
  }
}

/** `bytes` as a NAL unit carries them: 0x03 between two zeros and a byte up to 3 (H.264 7.4.1). */
export function addEmulationPrevention(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const escaped: number[] = [];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte <= 3) {
      escaped.push(3);
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    escaped.push(byte);
  }
  return Uint8Array.from(escaped);
}
