/** Variable-length integers of QUIC (RFC 9000 16). */
import { ByteWriter } from "../bytes/byte_writer.ts";
import { Http3Code, Http3Error } from "./http3_error.ts";

/** Bytes of the longest integer. */
export const MAX_VARINT_SIZE = 8;

const MAX_VALUE = Number.MAX_SAFE_INTEGER;
const TWO_TO_32 = 2 ** 32;

/** An integer, and where it ends. */
export interface Varint {
  readonly value: number;
  /** Offset of the byte behind it. */
  readonly end: number;
}

/**
 * The integer at an offset; `undefined` if it needs more bytes. It may be longer than it must be.
 *
 * @throws {Http3Error} excessiveLoad, if it is above 2^53-1
 *
 * @example
 * ```ts
 * import { readVarint } from "./varint.ts";
 *
 * readVarint(Uint8Array.of(0x7b, 0xbd), 0); // { value: 15293, end: 2 }
 * readVarint(Uint8Array.of(0x7b), 0); // undefined: needs more
 * ```
 */
export function readVarint(bytes: Uint8Array, offset: number): Varint | undefined {
  const read = readCodePoint(bytes, offset);
  if (read?.value === Infinity) {
    throw new Http3Error(
      Http3Code.excessiveLoad,
      `Cannot read integer: must be up to ${MAX_VALUE}, got more`,
    );
  }
  return read;
}

/**
 * As {@linkcode readVarint}, for types and identifiers: one above 2^53-1 is Infinity. Such name
 * nothing that is known here, but peers send them, for what is unknown to be passed over (RFC 9114
 * 7.2.8).
 */
export function readCodePoint(bytes: Uint8Array, offset: number): Varint | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  const end = offset + (1 << (first >> 6));
  if (end > bytes.length) return undefined;
  let value = first & 0x3f;
  for (let at = offset + 1; at < end; at++) value = value * 256 + bytes[at]!;
  return { value: value > MAX_VALUE ? Infinity : value, end };
}

/**
 * Writes an integer in as few bytes as will do.
 *
 * @throws {Http3Error} internalError, if it is not 0..2^53-1
 */
export function writeVarint(writer: ByteWriter, value: number): ByteWriter {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Http3Error(
      Http3Code.internalError,
      `Cannot write integer: must be 0..${MAX_VALUE}, got ${value}`,
    );
  }
  if (value < 0x40) return writer.u8(value);
  if (value < 0x4000) return writer.u16(0x4000 + value);
  if (value < 0x4000_0000) return writer.u32(0x8000_0000 + value);
  return writer.u32(0xc000_0000 + Math.floor(value / TWO_TO_32)).u32(value % TWO_TO_32);
}

/**
 * The integer's bytes, as few as will do; they belong to the caller.
 *
 * @throws {Http3Error} internalError, if it is not 0..2^53-1
 */
export function encodeVarint(value: number): Uint8Array<ArrayBuffer> {
  return writeVarint(new ByteWriter(MAX_VARINT_SIZE), value).take();
}
