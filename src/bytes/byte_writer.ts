const utf8 = new TextEncoder();

/**
 * Writes big-endian fields into a buffer that grows as needed.
 *
 * Numbers are truncated to their field's width, as `DataView` does.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "./byte_writer.ts";
 *
 * const tagHeader = new ByteWriter().u8(9).u24(258).take();
 * ```
 */
export class ByteWriter {
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;
  /** Made when it is needed first, and again when the buffer has grown. */
  #view: DataView<ArrayBuffer> | undefined;

  constructor(initialCapacity = 64) {
    this.#buffer = new Uint8Array(initialCapacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#buffer[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#buffer[at] = value >> 8;
    this.#buffer[at + 1] = value;
    return this;
  }

  u24(value: number): this {
    const at = this.#reserve(3);
    this.#buffer[at] = value >> 16;
    this.#buffer[at + 1] = value >> 8;
    this.#buffer[at + 2] = value;
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#buffer[at] = value >> 24;
    this.#buffer[at + 1] = value >> 16;
    this.#buffer[at + 2] = value >> 8;
    this.#buffer[at + 3] = value;
    return this;
  }

  /** A little-endian u32: RTMP writes message stream ids so. */
  u32le(value: number): this {
    const at = this.#reserve(4);
    this.#buffer[at] = value;
    this.#buffer[at + 1] = value >> 8;
    this.#buffer[at + 2] = value >> 16;
    this.#buffer[at + 3] = value >> 24;
    return this;
  }

  /** The lowest 29 bits of `value` in one to four bytes, as few as will do (AMF3 1.3.1). */
  u29(value: number): this {
    const bits = value & 0x1fff_ffff;
    if (bits < 0x80) return this.u8(bits);
    if (bits < 0x4000) return this.u16(((bits << 1) & 0x7f00) | 0x8000 | (bits & 0x7f));
    if (bits < 0x20_0000) {
      return this.u8(0x80 | (bits >> 14)).u16(((bits << 1) & 0x7f00) | 0x8000 | (bits & 0x7f));
    }
    return this.u8(0x80 | (bits >> 22)).u8(0x80 | (bits >> 15)).u8(0x80 | (bits >> 8)).u8(bits);
  }

  f64(value: number): this {
    const at = this.#reserve(8);
    if (this.#view?.buffer !== this.#buffer.buffer) this.#view = new DataView(this.#buffer.buffer);
    this.#view.setFloat64(at, value);
    return this;
  }

  /** Copies `bytes` in. */
  bytes(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#buffer.set(bytes, at);
    return this;
  }

  /** Writes `text` as UTF-8, without a length. */
  utf8(text: string): this {
    return this.bytes(utf8.encode(text));
  }

  /** Replaces two bytes written before, at `offset`: lengths that are known later. */
  patchU16(offset: number, value: number): this {
    if (offset < 0 || offset + 2 > this.#length) {
      throw new RangeError(`Cannot patch u16: must be within ${this.#length} bytes, got ${offset}`);
    }
    this.#buffer[offset] = value >> 8;
    this.#buffer[offset + 1] = value;
    return this;
  }

  /** A view of what was written; it borrows from the writer, until the next write or take. */
  peek(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }

  /** An exact copy of what was written; the writer is empty afterwards and can be used again. */
  take(): Uint8Array<ArrayBuffer> {
    const written = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    return written;
  }

  #reserve(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, at));
      this.#buffer = grown;
    }
    this.#length = needed;
    return at;
  }
}
