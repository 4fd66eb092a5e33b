import type { ByteWriter } from "../bytes/byte_writer.ts";
import { AMF0_MARKER } from "./amf0_reader.ts";
import { Amf3Writer } from "./amf3_writer.ts";
import { AmfError } from "./amf_error.ts";
import { MAX_AMF_DEPTH } from "./amf_limits.ts";
import type { AmfProperties, AmfRecord, AmfValue } from "./amf_value.ts";

/** What the 16-bit length of a string can say; longer ones become long strings (AMF0 2.14). */
const MAX_STRING_SIZE = 0xffff;

const utf8 = new TextEncoder();

/** Writes the AMF0 values of one body. */
export class Amf0Writer {
  readonly #out: ByteWriter;
  /** Made when it is needed first; one for all values, as readers have it. */
  #amf3: Amf3Writer | undefined;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /**
   * Writes `value`; what only AMF3 can say goes behind marker 0x11.
   *
   * @throws {AmfError} if values nest too deep or a property or class name is too long.
   */
  value(value: AmfValue): void {
    this.#value(value, 0);
  }

  #value(value: AmfValue, depth: number): void {
    if (depth > MAX_AMF_DEPTH) {
      throw new AmfError(`Cannot write AMF0 value: depth must be up to ${MAX_AMF_DEPTH}`);
    }
    if (typeof value === "number") {
      this.#out.u8(AMF0_MARKER.NUMBER).f64(value);
    } else if (typeof value === "boolean") {
      this.#out.u8(AMF0_MARKER.BOOLEAN).u8(value ? 1 : 0);
    } else if (typeof value === "string") {
      this.#string(value);
    } else if (value === null) {
      this.#out.u8(AMF0_MARKER.NULL);
    } else if (value === undefined) {
      this.#out.u8(AMF0_MARKER.UNDEFINED);
    } else {
      this.#record(value, depth);
    }
  }

  #record(record: AmfRecord, depth: number): void {
    const out = this.#out;
    switch (record.kind) {
      case "object":
        out.u8(AMF0_MARKER.OBJECT);
        return this.#properties(record.properties, depth);
      case "ecma-array":
        out.u8(AMF0_MARKER.ECMA_ARRAY).u32(record.properties.size);
        return this.#properties(record.properties, depth);
      case "typed-object":
        out.u8(AMF0_MARKER.TYPED_OBJECT);
        this.#name(record.className);
        return this.#properties(record.properties, depth);
      case "strict-array":
        out.u8(AMF0_MARKER.STRICT_ARRAY).u32(record.items.length);
        for (const item of record.items) this.#value(item, depth + 1);
        return;
      case "date":
        out.u8(AMF0_MARKER.DATE).f64(record.unixMs).u16(record.timezoneMinutes);
        return;
      case "xml": {
        const text = utf8.encode(record.text);
        out.u8(AMF0_MARKER.XML_DOCUMENT).u32(text.length).bytes(text);
        return;
      }
      case "reference":
        out.u8(AMF0_MARKER.REFERENCE).u16(record.index);
        return;
      case "unsupported":
        out.u8(AMF0_MARKER.UNSUPPORTED);
        return;
      default:
        return this.#switchedValue(record, depth);
    }
  }

  #switchedValue(value: AmfRecord, depth: number): void {
    this.#out.u8(AMF0_MARKER.AVM_PLUS);
    this.#amf3 ??= new Amf3Writer(this.#out);
    this.#amf3.value(value, depth);
  }

  #properties(properties: AmfProperties, depth: number): void {
    for (const [name, value] of properties) {
      this.#name(name);
      this.#value(value, depth + 1);
    }
    this.#out.u16(0).u8(AMF0_MARKER.OBJECT_END);
  }

  #string(text: string): void {
    const bytes = utf8.encode(text);
    if (bytes.length > MAX_STRING_SIZE) {
      this.#out.u8(AMF0_MARKER.LONG_STRING).u32(bytes.length).bytes(bytes);
    } else {
      this.#out.u8(AMF0_MARKER.STRING).u16(bytes.length).bytes(bytes);
    }
  }

  #name(name: string): void {
    const bytes = utf8.encode(name);
    if (bytes.length > MAX_STRING_SIZE) {
      throw new AmfError(
        `Cannot write AMF0 name: must be up to ${MAX_STRING_SIZE} bytes, got ${bytes.length}`,
      );
    }
    this.#out.u16(bytes.length).bytes(bytes);
  }
}
