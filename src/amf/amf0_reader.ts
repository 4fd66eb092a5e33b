import { ByteReader } from "../bytes/byte_reader.ts";
import { Amf3ValueReader } from "./amf3_value_reader.ts";
import { AmfError } from "./amf_error.ts";
import { AmfBudget, checkNameLength } from "./amf_limits.ts";
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

/**
 * Reads the values of one AMF0 body one at a time; the limit on their number holds for the body.
 *
 * Values in AMF3, behind marker 0x11, are read too. They share the reference tables of AMF3 among
 * them: senders count references through all values of a message.
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
  readonly #budget = new AmfBudget();
  /** Made when it is needed first: most bodies hold no AMF3. */
  #amf3: Amf3ValueReader | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = new ByteReader(bytes, AmfError);
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.remaining;
  }

  /** Whether any value read so far was in AMF3, wholly or in part: not every such value shows it. */
  get hasAmf3(): boolean {
    return this.#amf3 !== undefined;
  }

  /**
   * The next value.
   *
   * @throws {AmfError} if it is cut short or missing, its type is unknown, or a limit is exceeded.
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
    if (marker === AMF0_MARKER.AVM_PLUS) return this.#switchedValue(depth);
    this.#budget.countValue(depth);
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
      if (properties.has(name)) this.#budget.noteRepeatedName();
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

  /** A value in AMF3 (AMF0 3.1). One that is no record is the same in both. */
  #switchedValue(depth: number): AmfValue {
    this.#amf3 ??= new Amf3ValueReader(this.#bytes, this.#budget);
    const value = this.#amf3.value(depth);
    return typeof value === "object" && value !== null ? { kind: "amf3", value } : value;
  }

  #name(): string {
    const name = this.#bytes.utf8(this.#bytes.u16());
    checkNameLength(name);
    return name;
  }
}
