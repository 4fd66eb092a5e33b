/** Bits as text, with blanks for the reader, to bytes; the last one is filled up by zeros. */
export function bytesOf(bits: string): Uint8Array<ArrayBuffer> {
  const digits = bits.replaceAll(/\s/g, "");
  const padded = digits.padEnd(Math.ceil(digits.length / 8) * 8, "0");
  return Uint8Array.from(padded.match(/.{8}/g)!, (byte) => parseInt(byte, 2));
}
