/** What representations of fields are made of (RFC 9204 4.1): integers and strings. */
import type { ByteWriter } from "../../bytes/byte_writer.ts";
import { Http3Code, Http3Error } from "../http3_error.ts";
import { decodeHuffman } from "./huffman.ts";

/** Bytes of an integer behind its prefix: 28 bits are more than any length or index has here. */
const MAX_INTEGER_BYTES = 4;

/** Reads integers and strings of an encoded field section, from front to back. */
export class PrimitiveReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  /** @param bytes the whole section; it is borrowed, but no string borrows from it */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /**
   * The next byte, which is not taken yet.
   *
   * @throws {Http3Error} qpackDecompressionFailed, if there is none
   */
  peek(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw decodeError("it must be whole", `${this.#bytes.length} bytes`);
    return byte;
  }

  /**
   * An integer that begins in the lowest bits of the next byte (RFC 7541 5.1).
   *
   * @throws {Http3Error} qpackDecompressionFailed, if it is cut off or too long
   */
  integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1;
    let value = this.#take() & most;
    if (value < most) return value;
    let scale = 1;
    for (let count = 0; count < MAX_INTEGER_BYTES; count++) {
      const byte = this.#take();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw decodeError(`integers must have up to ${MAX_INTEGER_BYTES} bytes`, "more");
  }

  /**
   * A string whose length begins in the lowest bits of the next byte, behind the bit that says
   * whether it is of Huffman's code (RFC 9204 4.1.2), with a character for each byte.
   *
   * @param maxLength characters that it may have
   * @throws {Http3Error} qpackDecompressionFailed, if it is cut off or cannot be decoded;
   * excessiveLoad, if it is longer
   */
  string(prefixBits: number, maxLength: number): string {
    const isHuffman = (this.peek() & 2 ** prefixBits) !== 0;
    const length = this.integer(prefixBits);
    if (length > this.remaining) {
      throw decodeError(`a string must end within ${this.remaining} bytes`, `${length}`);
    }
    const bytes = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    if (isHuffman) return textOf(decodeHuffman(bytes, maxLength));
    if (length > maxLength) {
      throw new Http3Error(
        Http3Code.excessiveLoad,
        `Cannot decode string: must have up to ${maxLength} bytes, got ${length}`,
      );
    }
    return textOf(bytes);
  }

  #take(): number {
    const byte = this.peek();
    this.#offset++;
    return byte;
  }
}

/**
 * Writes an integer that begins in the lowest bits of a byte (RFC 7541 5.1).
 *
 * @param flags the bits in front of it, which must be 0 below
 */
export function writePrefixedInteger(
  writer: ByteWriter,
  flags: number,
  prefixBits: number,
  value: number,
): void {
  const most = 2 ** prefixBits - 1;
  writer.u8(flags + Math.min(value, most));
  if (value < most) return;
  let rest = value - most;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) writer.u8(0x80 + rest % 0x80);
  writer.u8(rest);
}

/** Writes a string as it is, with its length in the lowest bits of a byte, as an integer is. */
export function writeString(
  writer: ByteWriter,
  flags: number,
  prefixBits: number,
  text: string,
): void {
  writePrefixedInteger(writer, flags, prefixBits, text.length);
  writer.bytes(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

/** A character for each byte: what `TextDecoder` calls "latin1" is windows-1252. */
function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Of a section that breaks its format: the decoder cannot go on (RFC 9204 6). */
export function decodeError(rule: string, got: string): Http3Error {
  return new Http3Error(
    Http3Code.qpackDecompressionFailed,
    `Cannot decode field section: ${rule}, got ${got}`,
  );
}
