/** Castagnoli's polynomial, its bits the other way round. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? rest >>> 1 ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

/** The checksum of SCTP (RFC 9260 appendix A). */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffff_ffff;
  for (let at = 0; at < bytes.length; at++) {
    rest = TABLE[(rest ^ bytes[at]!) & 0xff]! ^ rest >>> 8;
  }
  return (rest ^ 0xffff_ffff) >>> 0;
}
