import type { ByteReader } from "../bytes/byte_reader.ts";
import { Amf3ClassTable, checkExternalizable } from "./amf3_class_table.ts";
import { AMF3_MARKER } from "./amf3_marker.ts";
import { Amf3ObjectTable } from "./amf3_object_table.ts";
import { Amf3StringTable } from "./amf3_string_table.ts";
import { AmfError } from "./amf_error.ts";
import type { AmfBudget } from "./amf_limits.ts";
import type {
  AmfObject,
  AmfProperties,
  AmfRecord,
  AmfTraits,
  AmfTypedObject,
  AmfValue,
} from "./amf_value.ts";

/**
 * Reads AMF3 values from bytes that it shares with others, such as a reader of AMF0; its reference
 * tables are those of one body.
 */
export class Amf3ValueReader {
  readonly #bytes: ByteReader;
  readonly #budget: AmfBudget;
  readonly #strings: Amf3StringTable;
  readonly #classes: Amf3ClassTable;
  readonly #objects: Amf3ObjectTable;

  constructor(bytes: ByteReader, budget: AmfBudget) {
    this.#bytes = bytes;
    this.#budget = budget;
    this.#strings = new Amf3StringTable(bytes, budget);
    this.#classes = new Amf3ClassTable(bytes, budget, this.#strings);
    this.#objects = new Amf3ObjectTable(budget);
  }

  /**
   * The next value, which is `depth` levels inside others.
   *
   * @throws {AmfError} if it is cut short or missing, of an unknown type or class, refers to what
   * does not exist, or a limit is exceeded.
   */
  value(depth: number): AmfValue {
    this.#budget.countValue(depth);
    this.#objects.reach(depth);
    const marker = this.#bytes.u8();
    switch (marker) {
      case AMF3_MARKER.UNDEFINED:
        return undefined;
      case AMF3_MARKER.NULL:
        return null;
      case AMF3_MARKER.FALSE:
        return false;
      case AMF3_MARKER.TRUE:
        return true;
      case AMF3_MARKER.INTEGER:
        return this.#bytes.i29();
      case AMF3_MARKER.DOUBLE:
        return this.#bytes.f64();
      case AMF3_MARKER.STRING:
        return this.#strings.text();
      default:
        return this.#record(marker, depth);
    }
  }

  /** What may also be a reference: the number behind the marker tells. */
  #record(marker: number, depth: number): AmfValue {
    if (marker > AMF3_MARKER.DICTIONARY) {
      throw new AmfError(`Cannot read AMF3 value: marker must be one of AMF3 3.1, got ${marker}`);
    }
    const header = this.#bytes.u29();
    const isReference = (header & 1) === 0;
    const count = header >> 1;
    if (isReference) return this.#objects.refer(count, depth);
    switch (marker) {
      case AMF3_MARKER.ARRAY:
        return this.#array(count, depth);
      case AMF3_MARKER.OBJECT:
        return this.#object(header, depth);
      case AMF3_MARKER.VECTOR_OBJECT:
        return this.#objectVector(count, depth);
      case AMF3_MARKER.DICTIONARY:
        return this.#dictionary(count, depth);
      default:
        return this.#leaf(marker, count);
    }
  }

  /** A record that holds no other values. */
  #leaf(marker: number, count: number): AmfRecord {
    const bytes = this.#bytes;
    switch (marker) {
      case AMF3_MARKER.DATE:
        return this.#objects.add({ kind: "date", unixMs: bytes.f64(), timezoneMinutes: 0 }, 0);
      case AMF3_MARKER.XML_DOCUMENT: {
        const text = this.#xml(count);
        return this.#objects.add({ kind: "xml", text }, text.length);
      }
      case AMF3_MARKER.XML: {
        const text = this.#xml(count);
        return this.#objects.add({ kind: "e4x", text }, text.length);
      }
      case AMF3_MARKER.BYTE_ARRAY: {
        const view = bytes.bytes(count);
        this.#budget.countContent(count);
        return this.#objects.add({ kind: "byte-array", bytes: view.slice() }, count);
      }
      default:
        return this.#numberVector(marker, count);
    }
  }

  #xml(size: number): string {
    const text = this.#bytes.utf8(size);
    this.#budget.countContent(text.length);
    return text;
  }

  #numberVector(marker: number, count: number): AmfRecord {
    const bytes = this.#bytes;
    const isFixed = bytes.u8() !== 0;
    const itemSize = marker === AMF3_MARKER.VECTOR_DOUBLE ? 8 : 4;
    this.#checkCount(count, itemSize);
    const contentSize = count * itemSize;
    this.#budget.countContent(contentSize);
    if (marker === AMF3_MARKER.VECTOR_INT) {
      const items = new Int32Array(count);
      for (let index = 0; index < count; index++) items[index] = bytes.i32();
      return this.#objects.add({ kind: "int-vector", isFixed, items }, contentSize);
    }
    if (marker === AMF3_MARKER.VECTOR_UINT) {
      const items = new Uint32Array(count);
      for (let index = 0; index < count; index++) items[index] = bytes.u32();
      return this.#objects.add({ kind: "uint-vector", isFixed, items }, contentSize);
    }
    const items = new Float64Array(count);
    for (let index = 0; index < count; index++) items[index] = bytes.f64();
    return this.#objects.add({ kind: "double-vector", isFixed, items }, contentSize);
  }

  #array(count: number, depth: number): AmfRecord {
    this.#checkCount(count, 1);
    const contentBefore = this.#budget.contentSize;
    const properties = new Map<string, AmfValue>();
    const items: AmfValue[] = [];
    // Properties come before items: only the first name tells whether there are any.
    const firstName = this.#strings.name();
    const record: AmfRecord = firstName === ""
      ? { kind: "strict-array", items }
      : count === 0
      ? { kind: "ecma-array", properties }
      : { kind: "mixed-array", properties, items };
    const entry = this.#objects.begin(record, depth, contentBefore);
    this.#properties(properties, firstName, depth);
    this.#items(items, count, depth);
    this.#objects.end(entry);
    return record;
  }

  #object(header: number, depth: number): AmfRecord {
    const contentBefore = this.#budget.contentSize;
    const { className, isExternalizable, isDynamic, names, traits } = this.#classes.read(header);
    if (isExternalizable) return this.#externalizable(className, depth, contentBefore);
    const properties = new Map<string, AmfValue>();
    const record = objectRecord(className, traits, properties);
    const entry = this.#objects.begin(record, depth, contentBefore);
    for (const name of names) this.#property(properties, name, depth);
    if (isDynamic) this.#properties(properties, this.#strings.name(), depth);
    this.#objects.end(entry);
    return record;
  }

  #externalizable(className: string, depth: number, contentBefore: number): AmfRecord {
    checkExternalizable(className, "read");
    const record = { kind: "externalizable" as const, className, value: undefined as AmfValue };
    const entry = this.#objects.begin(record, depth, contentBefore);
    record.value = this.value(depth + 1);
    this.#objects.end(entry);
    return record;
  }

  #objectVector(count: number, depth: number): AmfRecord {
    const contentBefore = this.#budget.contentSize;
    const isFixed = this.#bytes.u8() !== 0;
    const className = this.#strings.name();
    this.#checkCount(count, 1);
    const items: AmfValue[] = [];
    const record: AmfRecord = { kind: "object-vector", isFixed, className, items };
    const entry = this.#objects.begin(record, depth, contentBefore);
    this.#items(items, count, depth);
    this.#objects.end(entry);
    return record;
  }

  #dictionary(count: number, depth: number): AmfRecord {
    const hasWeakKeys = this.#bytes.u8() !== 0;
    this.#checkCount(count, 2);
    const entries: [AmfValue, AmfValue][] = [];
    const record: AmfRecord = { kind: "dictionary", hasWeakKeys, entries };
    const entry = this.#objects.begin(record, depth, this.#budget.contentSize);
    for (let index = 0; index < count; index++) {
      const key = this.value(depth + 1);
      entries.push([key, this.value(depth + 1)]);
    }
    this.#objects.end(entry);
    return record;
  }

  /** Properties up to the one without a name. */
  #properties(properties: Map<string, AmfValue>, firstName: string, depth: number): void {
    for (let name = firstName; name !== ""; name = this.#strings.name()) {
      this.#property(properties, name, depth);
    }
  }

  #property(properties: Map<string, AmfValue>, name: string, depth: number): void {
    if (properties.has(name)) this.#budget.noteRepeatedName();
    properties.set(name, this.value(depth + 1));
  }

  #items(items: AmfValue[], count: number, depth: number): void {
    for (let index = 0; index < count; index++) items.push(this.value(depth + 1));
  }

  /** The shortest items take `itemSize` bytes, so a count beyond the bytes left is a lie. */
  #checkCount(count: number, itemSize: number): void {
    const limit = Math.floor(this.#bytes.remaining / itemSize);
    if (count > limit) {
      throw new AmfError(`Cannot read AMF3 value: at most ${limit} items fit, got ${count}`);
    }
  }
}

function objectRecord(
  className: string,
  traits: AmfTraits | undefined,
  properties: AmfProperties,
): AmfObject | AmfTypedObject {
  if (className === "") {
    return traits === undefined
      ? { kind: "object", properties }
      : { kind: "object", traits, properties };
  }
  return traits === undefined
    ? { kind: "typed-object", className, properties }
    : { kind: "typed-object", className, traits, properties };
}
