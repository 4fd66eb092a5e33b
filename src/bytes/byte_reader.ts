/** An error class a {@linkcode ByteReader} throws: each room reads with its own. */
export type ErrorClass = new (message: string) => Error;

// Without ignoreBOM, a text that begins with U+FEFF would silently lose it.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads big-endian fields from a byte array, from front to back.
 *
 * Every read checks the length first and throws the error class given to the constructor, so that
 * a room's peers never see anything but that room's error. Views returned by {@linkcode bytes}
 * borrow from the array that was passed in.
 *
 * @example
 * ```ts
 * import { ByteReader } from "./byte_reader.ts";
 *
 * const reader = new ByteReader(Uint8Array.of(0x09, 0x00, 0x01, 0x02), RangeError);
 * const type = reader.u8(); // 9
 * const size = reader.u24(); // 258
 * ```
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #errorClass: ErrorClass;
  #offset: number;
  /** Made when it is needed first. */
  #view: DataView | undefined;

  constructor(bytes: Uint8Array, errorClass: ErrorClass = RangeError, offset = 0) {
    this.#bytes = bytes;
    this.#errorClass = errorClass;
    this.#offset = offset;
  }

  /** Bytes read so far, from the start of the array. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    const at = this.#advance(1, "u8");
    return this.#bytes[at]!;
  }

  u16(): number {
    const at = this.#advance(2, "u16");
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  u24(): number {
    const at = this.#advance(3, "u24");
    return (this.#bytes[at]! << 16) | (this.#bytes[at + 1]! << 8) | this.#bytes[at + 2]!;
  }

  /** A signed 24-bit integer (FLV composition times). */
  i24(): number {
    return (this.u24() << 8) >> 8;
  }

  u32(): number {
    const at = this.#advance(4, "u32");
    const bytes = this.#bytes;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) |
      bytes[at + 3]!) >>>
      0;
  }

  /** A little-endian u32: RTMP writes message stream ids so. */
  u32le(): number {
    const at = this.#advance(4, "u32le");
    const bytes = this.#bytes;
    return ((bytes[at + 3]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 1]! << 8) |
      bytes[at]!) >>>
      0;
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  i32(): number {
    return this.u32() | 0;
  }

  /** An unsigned integer of up to 29 bits in one to four bytes (AMF3 1.3.1). */
  u29(): number {
    let value = 0;
    for (let count = 0; count < 3; count++) {
      const byte = this.u8();
      if (byte < 0x80) return (value << 7) | byte;
      value = (value << 7) | (byte & 0x7f);
    }
    return (value << 8) | this.u8();
  }

  /** A signed integer of 29 bits, written as {@linkcode u29}: what AMF3 calls an integer. */
  i29(): number {
    return (this.u29() << 3) >> 3;
  }

  f64(): number {
    const at = this.#advance(8, "f64");
    const { buffer, byteOffset, byteLength } = this.#bytes;
    this.#view ??= new DataView(buffer, byteOffset, byteLength);
    return this.#view.getFloat64(at);
  }

  /** A view of the next `length` bytes; it borrows from the array. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length, "bytes");
    return this.#bytes.subarray(at, at + length);
  }

  /** A view of everything that is left; it borrows from the array. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** `length` bytes as UTF-8; malformed sequences become U+FFFD. */
  utf8(length: number): string {
    return utf8.decode(this.bytes(length));
  }

  skip(length: number): void {
    this.#advance(length, "skipped bytes");
  }

  #advance(length: number, what: string): number {
    const at = this.#offset;
    if (length < 0 || length > this.#bytes.length - at) {
      throw new this.#errorClass(
        `Cannot read ${what}: needs ${length} bytes at offset ${at}, has ${this.remaining}`,
      );
    }
    this.#offset = at + length;
    return at;
  }
}
