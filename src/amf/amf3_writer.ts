import type { ByteWriter } from "../bytes/byte_writer.ts";
import { checkExternalizable } from "./amf3_class_table.ts";
import { AMF3_MARKER } from "./amf3_marker.ts";
import { cycleTarget } from "./amf3_cycle.ts";
import { AmfError } from "./amf_error.ts";
import { MAX_AMF_DEPTH, MAX_AMF_NAME_LENGTH } from "./amf_limits.ts";
import type { AmfProperties, AmfRecord, AmfTraits, AmfValue } from "./amf_value.ts";

const utf8 = new TextEncoder();

/** Integers from here on, on either side of 0, are written as doubles (AMF3 3.6). */
const INTEGER_END = 2 ** 28;

/** Traits of an object that says nothing of them. */
const DYNAMIC: AmfTraits = { sealedNames: [], isDynamic: true };

/**
 * Writes the AMF3 values of one body. Strings, classes and records that come again are written as
 * references; a record comes again if it is the same one, not merely equal.
 */
export class Amf3Writer {
  readonly #out: ByteWriter;
  readonly #strings = new Map<string, number>();
  #stringCount = 0;
  readonly #classes = new Map<string, number>();
  readonly #records = new Map<AmfRecord, number>();

  /** @param out where everything is written; others may write to it between values. */
  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /**
   * Writes `value`, which is `depth` levels inside others.
   *
   * @throws {AmfError} if AMF3 cannot say it: values nest too deep, a property has no name, or a
   * reference belongs to AMF0.
   */
  value(value: AmfValue, depth = 0): void {
    if (depth > MAX_AMF_DEPTH) {
      throw new AmfError(`Cannot write AMF3 value: depth must be up to ${MAX_AMF_DEPTH}`);
    }
    if (typeof value === "number") {
      this.#number(value);
    } else if (typeof value === "boolean") {
      this.#out.u8(value ? AMF3_MARKER.TRUE : AMF3_MARKER.FALSE);
    } else if (typeof value === "string") {
      this.#out.u8(AMF3_MARKER.STRING);
      this.#text(value);
    } else if (value === null) {
      this.#out.u8(AMF3_MARKER.NULL);
    } else if (value === undefined) {
      this.#out.u8(AMF3_MARKER.UNDEFINED);
    } else {
      this.#recordOrReference(value, depth);
    }
  }

  #number(value: number): void {
    const isInteger = value >= -INTEGER_END && value < INTEGER_END && Number.isInteger(value) &&
      !Object.is(value, -0);
    if (isInteger) this.#out.u8(AMF3_MARKER.INTEGER).u29(value);
    else this.#out.u8(AMF3_MARKER.DOUBLE).f64(value);
  }

  #recordOrReference(record: AmfRecord, depth: number): void {
    switch (record.kind) {
      case "amf3":
        return this.value(record.value, depth);
      case "cycle":
        return this.value(cycleTarget(record), depth);
      case "unsupported":
        return this.value(undefined, depth);
      case "reference":
        throw new AmfError("Cannot write AMF3 value: a reference of AMF0 has no meaning in AMF3");
    }
    const index = this.#records.get(record);
    this.#out.u8(MARKERS[record.kind]);
    if (index !== undefined) {
      this.#out.u29(index << 1);
      return;
    }
    this.#records.set(record, this.#records.size);
    this.#record(record, depth);
  }

  #record(record: ReferableRecord, depth: number): void {
    const out = this.#out;
    switch (record.kind) {
      case "object":
        return this.#object("", record.traits ?? DYNAMIC, record.properties, depth);
      case "typed-object":
        return this.#object(record.className, record.traits ?? DYNAMIC, record.properties, depth);
      case "externalizable":
        return this.#externalizable(record.className, record.value, depth);
      case "ecma-array":
        this.#count(0);
        return this.#properties(record.properties, depth);
      case "strict-array":
        this.#count(record.items.length);
        this.#text("");
        return this.#items(record.items, depth);
      case "mixed-array":
        this.#count(record.items.length);
        this.#properties(record.properties, depth);
        return this.#items(record.items, depth);
      case "date":
        out.u29(1).f64(record.unixMs);
        return;
      case "xml":
      case "e4x":
        return this.#bytes(utf8.encode(record.text));
      case "byte-array":
        return this.#bytes(record.bytes);
      case "int-vector":
      case "uint-vector":
        this.#count(record.items.length);
        out.u8(record.isFixed ? 1 : 0);
        for (const item of record.items) out.u32(item);
        return;
      case "double-vector":
        this.#count(record.items.length);
        out.u8(record.isFixed ? 1 : 0);
        for (const item of record.items) out.f64(item);
        return;
      case "object-vector":
        this.#count(record.items.length);
        out.u8(record.isFixed ? 1 : 0);
        this.#text(record.className);
        return this.#items(record.items, depth);
      case "dictionary":
        this.#count(record.entries.length);
        out.u8(record.hasWeakKeys ? 1 : 0);
        for (const pair of record.entries) this.#items(pair, depth);
    }
  }

  #object(className: string, traits: AmfTraits, properties: AmfProperties, depth: number): void {
    const { sealedNames, isDynamic } = traits;
    const key = JSON.stringify([className, isDynamic, sealedNames]);
    const index = this.#classes.get(key);
    if (index === undefined) {
      this.#classes.set(key, this.#classes.size);
      this.#out.u29((sealedNames.length << 4) | (isDynamic ? 0b1011 : 0b0011));
      this.#text(className);
      for (const name of sealedNames) this.#text(name);
    } else {
      this.#out.u29((index << 2) | 0b01);
    }
    for (const name of sealedNames) this.value(properties.get(name), depth + 1);
    if (isDynamic) return this.#properties(properties, depth, new Set(sealedNames));
    if (properties.size > sealedNames.length) {
      throw new AmfError(
        `Cannot write AMF3 object: its class has ${sealedNames.length} properties, got ` +
          `${properties.size}`,
      );
    }
  }

  #externalizable(className: string, value: AmfValue, depth: number): void {
    checkExternalizable(className, "write");
    const key = JSON.stringify([className]);
    const index = this.#classes.get(key);
    if (index === undefined) {
      this.#classes.set(key, this.#classes.size);
      this.#out.u29(0b0111);
      this.#text(className);
    } else {
      this.#out.u29((index << 2) | 0b01);
    }
    this.value(value, depth + 1);
  }

  /** All properties but `sealedNames`, and their end. */
  #properties(
    properties: AmfProperties,
    depth: number,
    sealedNames: ReadonlySet<string> | undefined = undefined,
  ): void {
    for (const [name, value] of properties) {
      if (sealedNames?.has(name)) continue;
      if (name === "") {
        throw new AmfError("Cannot write AMF3 property: its name must not be empty");
      }
      this.#text(name);
      this.value(value, depth + 1);
    }
    this.#text("");
  }

  #items(items: readonly AmfValue[], depth: number): void {
    for (const item of items) this.value(item, depth + 1);
  }

  #text(text: string): void {
    const index = this.#strings.get(text);
    if (index !== undefined) {
      this.#out.u29(index << 1);
      return;
    }
    this.#bytes(utf8.encode(text));
    // The empty string has no place in the table (AMF3 1.3.2).
    if (text === "") return;
    // Long ones are rarely written twice, and telling many of them apart takes long.
    if (text.length <= MAX_AMF_NAME_LENGTH) this.#strings.set(text, this.#stringCount);
    this.#stringCount++;
  }

  #bytes(bytes: Uint8Array): void {
    this.#count(bytes.length);
    this.#out.bytes(bytes);
  }

  /** A count or size, marked as what is no reference. */
  #count(count: number): void {
    if (count >= INTEGER_END) {
      throw new AmfError(
        `Cannot write AMF3 value: size must be below ${INTEGER_END}, got ${count}`,
      );
    }
    this.#out.u29((count << 1) | 1);
  }
}

type ReferableRecord = Exclude<
  AmfRecord,
  { readonly kind: "amf3" | "cycle" | "unsupported" | "reference" }
>;

const MARKERS: Readonly<Record<ReferableRecord["kind"], number>> = {
  "object": AMF3_MARKER.OBJECT,
  "typed-object": AMF3_MARKER.OBJECT,
  "externalizable": AMF3_MARKER.OBJECT,
  "ecma-array": AMF3_MARKER.ARRAY,
  "strict-array": AMF3_MARKER.ARRAY,
  "mixed-array": AMF3_MARKER.ARRAY,
  "date": AMF3_MARKER.DATE,
  "xml": AMF3_MARKER.XML_DOCUMENT,
  "e4x": AMF3_MARKER.XML,
  "byte-array": AMF3_MARKER.BYTE_ARRAY,
  "int-vector": AMF3_MARKER.VECTOR_INT,
  "uint-vector": AMF3_MARKER.VECTOR_UINT,
  "double-vector": AMF3_MARKER.VECTOR_DOUBLE,
  "object-vector": AMF3_MARKER.VECTOR_OBJECT,
  "dictionary": AMF3_MARKER.DICTIONARY,
};
