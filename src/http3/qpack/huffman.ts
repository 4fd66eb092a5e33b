/** The Huffman code of HPACK and QPACK (RFC 7541 5.2, appendix B). */
import { Http3Code, Http3Error } from "../http3_error.ts";

/** Bits of each byte's code in base 36: sixteen bytes a line. */
const BYTE_LENGTHS = "dnsssssssoussuss" +
  "ssssssusssssssss" +
  "6aacd68baa8b8666" +
  "555666666678f6ca" +
  "d677777777777777" +
  "77777777878djde6" +
  "f565656665776665" +
  "67655677777fbeds" +
  "kmkkmmmnmnnnnnon" +
  "oomnonnnnlmnmnno" +
  "mlkmmnnlnmmolmnn" +
  "llmlnmnnkmmmnmmn" +
  "qqkjmnmpqqqrrqop" +
  "jlqrrqrollqqsrrr" +
  "koklmllnmmppooqn" +
  "qrqqrrrrrsrrrrrq";

/** Behind the bytes: the end of a string, which is never sent as a whole. */
const END_OF_STRING = 256;
const END_LENGTH = 30;

/** Bits of each symbol's code: bytes, and at 256 the end of a string. */
export const CODE_LENGTHS: readonly number[] = [
  ...Array.from(BYTE_LENGTHS, (digit) => parseInt(digit, 36)),
  END_LENGTH,
];

/** Padding has less than a byte. */
const MAX_PADDING_BITS = 7;

/** The codes of one length: they follow each other, in the order of their symbols. */
interface CodeRange {
  /** The first of them. */
  readonly code: number;
  readonly symbols: readonly number[];
}

/** By length in bits. The code is canonical: each length goes on where the shorter one ended. */
const RANGES: readonly CodeRange[] = codeRanges();

function codeRanges(): CodeRange[] {
  const ranges: CodeRange[] = [];
  let code = 0;
  for (let length = 0; length <= END_LENGTH; length++) {
    const symbols = [...CODE_LENGTHS.keys()].filter((symbol) => CODE_LENGTHS[symbol] === length);
    ranges.push({ code, symbols });
    code = (code + symbols.length) * 2;
  }
  return ranges;
}

/**
 * Decodes a string; what comes out belongs to the caller.
 *
 * @param maxLength bytes that may come out
 * @throws {Http3Error} qpackDecompressionFailed, if it is not of whole codes and up to seven bits
 * of ones, or has the end of a string in it; excessiveLoad, if it is longer
 */
export function decodeHuffman(encoded: Uint8Array, maxLength: number): Uint8Array<ArrayBuffer> {
  // No code has less than five bits.
  const decoded = new Uint8Array(Math.min(Math.floor(encoded.length * 8 / 5), maxLength));
  let decodedLength = 0;
  let [code, bits] = [0, 0];
  for (const byte of encoded) {
    for (let mask = 0x80; mask > 0; mask >>= 1) {
      code = code * 2 + ((byte & mask) === 0 ? 0 : 1);
      bits++;
      const range = RANGES[bits]!;
      const symbol = range.symbols[code - range.code];
      if (symbol === undefined) continue;
      if (symbol === END_OF_STRING) throw huffmanError("it must not be ended", "its end");
      if (decodedLength === maxLength) throw lengthError(maxLength);
      decoded[decodedLength++] = symbol;
      code = bits = 0;
    }
  }
  if (bits > MAX_PADDING_BITS || code !== 2 ** bits - 1) {
    throw huffmanError(`padding must be up to ${MAX_PADDING_BITS} bits of ones`, `${bits} bits`);
  }
  return decoded.slice(0, decodedLength);
}

function huffmanError(rule: string, got: string): Http3Error {
  return new Http3Error(
    Http3Code.qpackDecompressionFailed,
    `Cannot decode Huffman string: ${rule}, got ${got}`,
  );
}

function lengthError(maxLength: number): Http3Error {
  return new Http3Error(
    Http3Code.excessiveLoad,
    `Cannot decode Huffman string: must have up to ${maxLength} bytes, got more`,
  );
}
