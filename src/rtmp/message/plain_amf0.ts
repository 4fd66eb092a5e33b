import { encodeAmf0 } from "../../amf/amf0.ts";
import { AMF0_MARKER, Amf0Reader } from "../../amf/amf0_reader.ts";
import { AmfError } from "../../amf/amf_error.ts";
import { MAX_AMF_VALUES } from "../../amf/amf_limits.ts";
import type { AmfProperties, AmfRecord, AmfValue } from "../../amf/amf_value.ts";

/** Characters that references of AMF3 may repeat: real ones share a few names. */
export const MAX_REPEATED_TEXT_LENGTH = 64 * 1024;

/**
 * An AMF0 body without AMF3 in it, for readers of FLV, which know none: `body` itself if that has
 * none, else one that says the same as far as AMF0 can. Arrays and vectors become arrays, objects
 * keep their properties; bytes, values within themselves and references have no like, and are null.
 *
 * @returns the body; it may be `body`, which is borrowed
 * @throws {AmfError} if it is no AMF0, holds more than {@linkcode MAX_AMF_VALUES} values with all
 * items of vectors, or repeats more than {@linkcode MAX_REPEATED_TEXT_LENGTH} characters: the work is
 * in proportion to the body.
 */
export function plainAmf0(body: Uint8Array): Uint8Array {
  // Metadata are few and short: most have no such byte at all.
  if (!body.includes(AMF0_MARKER.AVM_PLUS)) return body;
  const reader = new Amf0Reader(body);
  const values: AmfValue[] = [];
  while (reader.remaining > 0) values.push(reader.value());
  if (!reader.hasAmf3) return body;
  const plain = new PlainValues(body.length + MAX_REPEATED_TEXT_LENGTH);
  return encodeAmf0(...values.map((value) => plain.value(value)));
}

/** Rewrites the values of one body. */
class PlainValues {
  readonly #maxTextLength: number;
  #count = 0;
  #textLength = 0;

  /** @param maxTextLength characters of all texts and names together */
  constructor(maxTextLength: number) {
    this.#maxTextLength = maxTextLength;
  }

  value(value: AmfValue): AmfValue {
    this.#countValue();
    if (typeof value === "string") return this.#text(value);
    if (typeof value !== "object" || value === null) return value;
    return this.#record(value);
  }

  #record(record: AmfRecord): AmfValue {
    switch (record.kind) {
      case "object":
        return { kind: "object", properties: this.#properties(record.properties) };
      case "ecma-array":
        return { kind: "ecma-array", properties: this.#properties(record.properties) };
      case "typed-object": {
        const { kind } = record;
        const className = this.#text(record.className);
        return { kind, className, properties: this.#properties(record.properties) };
      }
      case "strict-array":
        return this.#array(record.items);
      case "xml":
        return { kind: "xml", text: this.#text(record.text) };
      case "date":
      case "unsupported":
        return record;
      case "reference":
        // It counts the records of the body that was.
        return null;
      default:
        return this.#amf3Record(record);
    }
  }

  #amf3Record(record: Exclude<AmfRecord, AmfPlainRecord>): AmfValue {
    switch (record.kind) {
      case "amf3":
      case "externalizable":
        return this.value(record.value);
      case "mixed-array": {
        const properties = this.#properties(record.properties);
        record.items.forEach((item, at) => properties.set(`${at}`, this.value(item)));
        return { kind: "ecma-array", properties };
      }
      case "e4x":
        return { kind: "xml", text: this.#text(record.text) };
      case "int-vector":
      case "uint-vector":
      case "double-vector":
        return this.#array(record.items);
      case "object-vector":
        return this.#array(record.items);
      case "dictionary":
        return { kind: "ecma-array", properties: this.#entries(record.entries) };
      case "byte-array":
      case "cycle":
        return null;
    }
  }

  #array(items: Iterable<AmfValue>): AmfValue {
    const plain: AmfValue[] = [];
    for (const item of items) plain.push(this.value(item));
    return { kind: "strict-array", items: plain };
  }

  #properties(properties: AmfProperties): Map<string, AmfValue> {
    const plain = new Map<string, AmfValue>();
    for (const [name, value] of properties) plain.set(this.#text(name), this.value(value));
    return plain;
  }

  /** Of those whose keys can be names. */
  #entries(entries: Iterable<readonly [key: AmfValue, value: AmfValue]>): Map<string, AmfValue> {
    const plain = new Map<string, AmfValue>();
    for (const [key, value] of entries) {
      if (typeof key === "object") continue;
      const name = typeof key === "string" ? this.#text(key) : String(key);
      plain.set(name, this.value(value));
    }
    return plain;
  }

  /** Each character takes a byte of the body at least, unless a reference repeats it. */
  #text(text: string): string {
    this.#textLength += text.length;
    if (this.#textLength > this.#maxTextLength) {
      throw new AmfError(
        `Cannot write data in AMF0: texts must be up to ${this.#maxTextLength} characters`,
      );
    }
    return text;
  }

  #countValue(): void {
    this.#count++;
    if (this.#count > MAX_AMF_VALUES) {
      throw new AmfError(`Cannot write data in AMF0: must hold up to ${MAX_AMF_VALUES} values`);
    }
  }
}

/** What AMF0 has itself. */
type AmfPlainRecord = Extract<
  AmfRecord,
  {
    readonly kind:
      | "object"
      | "ecma-array"
      | "typed-object"
      | "strict-array"
      | "date"
      | "xml"
      | "reference"
      | "unsupported";
  }
>;
