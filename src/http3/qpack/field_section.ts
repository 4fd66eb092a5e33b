/** Field sections (RFC 9204 4.5) without a dynamic table: the settings allow none. */
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { Http3Code, Http3Error } from "../http3_error.ts";
import { decodeError, PrimitiveReader, writeString } from "./primitives.ts";
import { type HeaderField, STATIC_TABLE } from "./static_table.ts";

/** Fields of a section. Browsers send some twenty. */
export const MAX_FIELDS = 64;

/** Size of all fields of a section together, as RFC 9114 4.2.2 has it. */
export const MAX_FIELD_SECTION_SIZE = 16 * 1024;

/** What each field counts beside its name and value (RFC 9114 4.2.2). */
const FIELD_OVERHEAD = 32;

/** What a representation begins with (RFC 9204 4.5.2 to 4.5.6), and what the next bit says of it. */
const INDEXED = 0x80;
const INDEXED_STATIC = 0x40;
const NAME_REFERENCE = 0x40;
const NAME_REFERENCE_STATIC = 0x10;
const LITERAL_NAME = 0x20;

/**
 * Decodes the payload of a HEADERS frame.
 *
 * @returns the fields in their order, as they are: names may be none, and values may be anything
 * @throws {Http3Error} qpackDecompressionFailed, if it is broken or refers to a dynamic table;
 * excessiveLoad above {@linkcode MAX_FIELDS} or {@linkcode MAX_FIELD_SECTION_SIZE}
 *
 * @example
 * ```ts
 * import { decodeFieldSection } from "./field_section.ts";
 *
 * decodeFieldSection(Uint8Array.of(0x00, 0x00, 0xcf, 0x51, 0x02, 0x2f, 0x61));
 * // [[":method", "CONNECT"], [":path", "/a"]]
 * ```
 */
export function decodeFieldSection(encoded: Uint8Array): HeaderField[] {
  const reader = new PrimitiveReader(encoded);
  readPrefix(reader);
  const fields: HeaderField[] = [];
  let sizeLeft = MAX_FIELD_SECTION_SIZE;
  while (reader.remaining > 0) {
    if (fields.length === MAX_FIELDS) {
      throw new Http3Error(
        Http3Code.excessiveLoad,
        `Cannot decode field section: must have up to ${MAX_FIELDS} fields, got more`,
      );
    }
    const field = readField(reader, sizeLeft);
    sizeLeft -= sizeOf(field);
    if (sizeLeft < 0) {
      throw new Http3Error(
        Http3Code.excessiveLoad,
        `Cannot decode field section: its size must be up to ${MAX_FIELD_SECTION_SIZE}, ` +
          `got ${MAX_FIELD_SECTION_SIZE - sizeLeft}`,
      );
    }
    fields.push(field);
  }
  return fields;
}

/** RFC 9204 4.5.1: how many insertions the section needs, and the base of what refers to them. */
function readPrefix(reader: PrimitiveReader): void {
  const insertCount = reader.integer(8);
  if (insertCount !== 0) throw decodeError("insert count must be 0", `${insertCount}`);
  const isNegative = (reader.peek() & 0x80) !== 0;
  const deltaBase = reader.integer(7);
  if (isNegative) throw decodeError("base must not be negative", `${-deltaBase - 1}`);
}

function readField(reader: PrimitiveReader, maxLength: number): HeaderField {
  const first = reader.peek();
  if ((first & INDEXED) !== 0) {
    requireStatic(first, INDEXED_STATIC);
    return staticField(reader.integer(6));
  }
  if ((first & NAME_REFERENCE) !== 0) {
    requireStatic(first, NAME_REFERENCE_STATIC);
    const [name] = staticField(reader.integer(4));
    return [name, reader.string(7, maxLength)];
  }
  if ((first & LITERAL_NAME) !== 0) {
    const name = reader.string(3, maxLength);
    return [name, reader.string(7, maxLength)];
  }
  throw decodeError("it must not refer to a dynamic table", `${first}`);
}

function requireStatic(first: number, flag: number): void {
  if ((first & flag) === 0) throw decodeError("it must not refer to a dynamic table", `${first}`);
}

function staticField(index: number): HeaderField {
  const field = STATIC_TABLE[index];
  if (field !== undefined) return field;
  throw decodeError(`index must be up to ${STATIC_TABLE.length - 1}`, `${index}`);
}

function sizeOf([name, value]: HeaderField): number {
  return name.length + value.length + FIELD_OVERHEAD;
}

/**
 * Encodes fields as a HEADERS frame has them, all as literals; the bytes belong to the caller.
 *
 * @param fields with a character up to U+00FF for each byte; what they say is not checked
 */
export function encodeFieldSection(fields: readonly HeaderField[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(256).u16(0); // no insertions, base 0
  for (const [name, value] of fields) {
    writeString(writer, LITERAL_NAME, 3, name);
    writeString(writer, 0, 7, value);
  }
  return writer.take();
}
