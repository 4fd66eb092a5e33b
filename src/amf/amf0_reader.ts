import { ByteReader } from "../bytes/byte_reader.ts";
import { AmfError } from "./amf_error.ts";
import type { AmfProperties, AmfValue } from "./amf_value.ts";

/** Type markers (AMF0 2.1). Movie clip (4) and record set (14) are reserved and refused. */
export const AMF0_MARKER = {
  NUMBER: 0x00,
  BOOLEAN: 0x01,
  STRING: 0x02,
  OBJECT: 0x03,
  NULL: 0x05,
  UNDEFINED: 0x06,
  REFERENCE: 0x07,
  ECMA_ARRAY: 0x08,
  OBJECT_END: 0x09,
  STRICT_ARRAY: 0x0a,
  DATE: 0x0b,
  LONG_STRING: 0x0c,
  UNSUPPORTED: 0x0d,
  XML_DOCUMENT: 0x0f,
  TYPED_OBJECT: 0x10,
  AVM_PLUS: 0x11,
} as const;

/** Values within values. Real commands and metadata need 3; each level costs a stack frame. */
export const MAX_AMF_DEPTH = 32;

/**
 * Values in one body, at all depths. A value can be one byte long and costs some fifty in memory,
 * so the size of the body alone does not bound it. Key frame tables in metadata stay below.
 */
export const MAX_AMF_VALUES = 10_000;

/**
 * Bytes of a property or class name. Far beyond any real name; a name that is not UTF-8 grows
 * threefold when written again, and must still fit its 16-bit length then.
 */
export const MAX_AMF_NAME_SIZE = 4096;

/**
 * Reads the values of one AMF0 body one at a time; the limit on their number holds for the body.
 *
 * A data message needs its name only, and the raw bytes behind it:
 *
 * @example
 * ```ts
 * import { encodeAmf0 } from "./amf0.ts";
 * import { Amf0Reader } from "./amf0_reader.ts";
 *
 * const reader = new Amf0Reader(encodeAmf0("@setDataFrame", "onMetaData", null));
 * reader.value(); // "@setDataFrame"
 * const tagBody = reader.rest(); // "onMetaData" and what follows, still encoded
 * ```
 */
export class Amf0Reader {
  readonly #bytes: ByteReader;
  #valueCount = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = new ByteReader(bytes, AmfError);
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.remaining;
  }

  /**
   * The next value.
   *
   * @throws {AmfError} if it is cut short or missing, its type is unknown or AMF3, or a limit is
   * exceeded.
   */
  value(): AmfValue {
    return this.#value(0);
  }

  /** A view of everything not read yet, which counts as read; it borrows from the body. */
  rest(): Uint8Array {
    return this.#bytes.rest();
  }

  #value(depth: number): AmfValue {
    return this.#valueOf(this.#bytes.u8(), depth);
  }

  #valueOf(marker: number, depth: number): AmfValue {
    const bytes = this.#bytes;
    this.#countValue(depth);
    switch (marker) {
      case AMF0_MARKER.NUMBER:
        return bytes.f64();
      case AMF0_MARKER.BOOLEAN:
        return bytes.u8() !== 0;
      case AMF0_MARKER.STRING:
        return bytes.utf8(bytes.u16());
      case AMF0_MARKER.LONG_STRING:
        return bytes.utf8(bytes.u32());
      case AMF0_MARKER.NULL:
        return null;
      case AMF0_MARKER.UNDEFINED:
        return undefined;
      case AMF0_MARKER.OBJECT:
        return { kind: "object", properties: this.#properties(depth) };
      case AMF0_MARKER.ECMA_ARRAY:
        // AMF0 2.10 gives a count, but encoders write 0 or a wrong one: the end marker decides.
        bytes.skip(4);
        return { kind: "ecma-array", properties: this.#properties(depth) };
      case AMF0_MARKER.TYPED_OBJECT: {
        const className = this.#name();
        return { kind: "typed-object", className, properties: this.#properties(depth) };
      }
      case AMF0_MARKER.STRICT_ARRAY:
        return { kind: "strict-array", items: this.#items(depth) };
      case AMF0_MARKER.DATE:
        return { kind: "date", unixMs: bytes.f64(), timezoneMinutes: bytes.i16() };
      case AMF0_MARKER.XML_DOCUMENT:
        return { kind: "xml", text: bytes.utf8(bytes.u32()) };
      case AMF0_MARKER.REFERENCE:
        return { kind: "reference", index: bytes.u16() };
      case AMF0_MARKER.UNSUPPORTED:
        return { kind: "unsupported" };
      case AMF0_MARKER.AVM_PLUS:
        throw new AmfError("Cannot read AMF0 value: AMF3 inside AMF0 (marker 17) is not supported");
      default:
        throw new AmfError(`Cannot read AMF0 value: marker must be one of AMF0 2.1, got ${marker}`);
    }
  }

  #properties(depth: number): AmfProperties {
    const properties = new Map<string, AmfValue>();
    // Encoders exist that leave out the end marker, or its last byte, at the end of the body.
    while (this.#bytes.remaining > 0) {
      const name = this.#name();
      if (name === "" && this.#bytes.remaining === 0) break;
      const marker = this.#bytes.u8();
      if (name === "" && marker === AMF0_MARKER.OBJECT_END) break;
      properties.set(name, this.#valueOf(marker, depth + 1));
    }
    return properties;
  }

  #items(depth: number): AmfValue[] {
    const count = this.#bytes.u32();
    // The shortest value is one byte, so a count beyond the bytes left is a lie.
    if (count > this.#bytes.remaining) {
      throw new AmfError(
        `Cannot read AMF0 strict array: at most ${this.#bytes.remaining} items fit, got ${count}`,
      );
    }
    const items: AmfValue[] = [];
    for (let index = 0; index < count; index++) items.push(this.#value(depth + 1));
    return items;
  }

  #name(): string {
    const size = this.#bytes.u16();
    if (size > MAX_AMF_NAME_SIZE) {
      throw new AmfError(
        `Cannot read AMF0 name: must be up to ${MAX_AMF_NAME_SIZE} bytes, got ${size}`,
      );
    }
    return this.#bytes.utf8(size);
  }

  #countValue(depth: number): void {
    if (depth > MAX_AMF_DEPTH) {
      throw new AmfError(`Cannot read AMF0 value: depth must be up to ${MAX_AMF_DEPTH}`);
    }
    this.#valueCount++;
    if (this.#valueCount > MAX_AMF_VALUES) {
      throw new AmfError(`Cannot read AMF0 body: must hold up to ${MAX_AMF_VALUES} values`);
    }
  }
}
