/** The other direction, for tests alone: what is sent here is sent as it is. */
import { CODE_LENGTHS } from "../../../src/http3/qpack/huffman.ts";

/** By symbol, its code as digits of 0 and 1. */
export const CODES: readonly string[] = codes();

/** Codes in the order of their lengths, and of the symbols of one length, each one above the last. */
function codes(): string[] {
  const symbols = [...CODE_LENGTHS.keys()].sort((left, right) =>
    CODE_LENGTHS[left]! - CODE_LENGTHS[right]! || left - right
  );
  const codes: string[] = [];
  let [next, before] = [0, 0];
  for (const symbol of symbols) {
    const length = CODE_LENGTHS[symbol]!;
    next *= 2 ** (length - before);
    codes[symbol] = next.toString(2).padStart(length, "0");
    next++;
    before = length;
  }
  return codes;
}

/** The bytes' codes, with ones behind them to a whole byte. */
export function encodeHuffman(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return packBits(Array.from(bytes, (byte) => CODES[byte]!).join(""));
}

/** Bytes of digits of 0 and 1, with ones behind them to a whole byte. */
export function packBits(bits: string): Uint8Array<ArrayBuffer> {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => parseInt(byte, 2));
}
