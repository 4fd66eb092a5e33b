import { type Malformed, malformed } from "../bytes/malformed.ts";

const NOTHING = new Uint8Array(0);

/**
 * Reads the big-endian fields of a body that a peer sent. Where bytes are missing, it reads 0 from
 * there on, and {@linkcode fault} says so: to be looked at before anything is made of what was read.
 *
 * It is `ByteReader` for those who must not throw, however much is wrong.
 */
export class BodyReader {
  readonly #body: Uint8Array;
  readonly #action: string;
  #offset = 0;
  #fault: Malformed | undefined;

  /** @param action what is being done, for the text of a fault: "parse video body" */
  constructor(body: Uint8Array, action: string) {
    this.#body = body;
    this.#action = action;
  }

  /** The first thing that was wrong; `undefined` as long as nothing is. */
  get fault(): Malformed | undefined {
    return this.#fault;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#body.length - this.#offset;
  }

  u8(): number {
    return this.#has(1) ? this.#body[this.#offset++]! : 0;
  }

  u16(): number {
    return (this.u8() << 8) | this.u8();
  }

  u24(): number {
    return (this.u16() << 8) | this.u8();
  }

  i24(): number {
    return (this.u24() << 8) >> 8;
  }

  u32(): number {
    return ((this.u16() << 16) | this.u16()) >>> 0;
  }

  /** A view of the next `length` bytes; it borrows from the body. */
  bytes(length: number): Uint8Array {
    if (!this.#has(length)) return NOTHING;
    this.#offset += length;
    return this.#body.subarray(this.#offset - length, this.#offset);
  }

  /** A view of all that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(length: number): void {
    if (this.#has(length)) this.#offset += length;
  }

  /** Notes that what was read may not be so. */
  refuse(rule: string, got: number | undefined): Malformed {
    this.#fault ??= malformed(this.#action, rule, got);
    return this.#fault;
  }

  #has(length: number): boolean {
    if (length <= this.remaining && this.#fault === undefined) return true;
    this.#fault ??= malformed(this.#action, "it must not be cut short", this.#body.length);
    return false;
  }
}
