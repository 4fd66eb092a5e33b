import { ByteWriter } from "../bytes/byte_writer.ts";
import { AMF0_MARKER, Amf0Reader, MAX_AMF_DEPTH } from "./amf0_reader.ts";
import { AmfError } from "./amf_error.ts";
import type { AmfProperties, AmfValue } from "./amf_value.ts";

/** What the 16-bit length of a string can say; longer ones become long strings (AMF0 2.14). */
const MAX_STRING_SIZE = 0xffff;

const utf8 = new TextEncoder();

/**
 * All values of an AMF0 body, such as the payload of an RTMP command.
 *
 * Strings and names are copied, so nothing borrows from `bytes`. Two things are tolerated because
 * encoders send them: an ECMA array whose count is wrong (the end marker decides), and an object
 * whose end marker is missing at the very end of the body.
 *
 * @throws {AmfError} if a value is cut short, its type is unknown or AMF3, or a limit is exceeded.
 *
 * @example
 * ```ts
 * import { decodeAmf0, encodeAmf0 } from "./amf0.ts";
 * import { amfObject, amfProperty } from "./amf_value.ts";
 *
 * const body = encodeAmf0("connect", 1, amfObject({ app: "live" }));
 * const [name, transactionId, command] = decodeAmf0(body);
 * amfProperty(command, "app"); // "live"
 * ```
 */
export function decodeAmf0(bytes: Uint8Array): AmfValue[] {
  const reader = new Amf0Reader(bytes);
  const values: AmfValue[] = [];
  while (reader.remaining > 0) values.push(reader.value());
  return values;
}

/**
 * An AMF0 body of `values`, one behind the other. The caller owns it.
 *
 * A string is written long only if it must be. Everything {@linkcode decodeAmf0} returns can be
 * encoded, and decodes to the same again; references keep their meaning if all values of their
 * body are written in their order.
 *
 * @throws {AmfError} if values nest too deep or a property or class name is too long.
 */
export function encodeAmf0(...values: readonly AmfValue[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  for (const value of values) writeValue(writer, value, 0);
  return writer.take();
}

function writeValue(writer: ByteWriter, value: AmfValue, depth: number): void {
  if (depth > MAX_AMF_DEPTH) {
    throw new AmfError(`Cannot write AMF0 value: depth must be up to ${MAX_AMF_DEPTH}`);
  }
  if (typeof value === "number") {
    writer.u8(AMF0_MARKER.NUMBER).f64(value);
  } else if (typeof value === "boolean") {
    writer.u8(AMF0_MARKER.BOOLEAN).u8(value ? 1 : 0);
  } else if (typeof value === "string") {
    writeString(writer, value);
  } else if (value === null) {
    writer.u8(AMF0_MARKER.NULL);
  } else if (value === undefined) {
    writer.u8(AMF0_MARKER.UNDEFINED);
  } else {
    writeRecord(writer, value, depth);
  }
}

function writeRecord(
  writer: ByteWriter,
  value: Extract<AmfValue, { kind: string }>,
  depth: number,
): void {
  switch (value.kind) {
    case "object":
      writer.u8(AMF0_MARKER.OBJECT);
      return writeProperties(writer, value.properties, depth);
    case "ecma-array":
      writer.u8(AMF0_MARKER.ECMA_ARRAY).u32(value.properties.size);
      return writeProperties(writer, value.properties, depth);
    case "typed-object":
      writer.u8(AMF0_MARKER.TYPED_OBJECT);
      writeName(writer, value.className);
      return writeProperties(writer, value.properties, depth);
    case "strict-array":
      writer.u8(AMF0_MARKER.STRICT_ARRAY).u32(value.items.length);
      for (const item of value.items) writeValue(writer, item, depth + 1);
      return;
    case "date":
      writer.u8(AMF0_MARKER.DATE).f64(value.unixMs).u16(value.timezoneMinutes);
      return;
    case "xml": {
      const text = utf8.encode(value.text);
      writer.u8(AMF0_MARKER.XML_DOCUMENT).u32(text.length).bytes(text);
      return;
    }
    case "reference":
      writer.u8(AMF0_MARKER.REFERENCE).u16(value.index);
      return;
    case "unsupported":
      writer.u8(AMF0_MARKER.UNSUPPORTED);
  }
}

function writeProperties(writer: ByteWriter, properties: AmfProperties, depth: number): void {
  for (const [name, value] of properties) {
    writeName(writer, name);
    writeValue(writer, value, depth + 1);
  }
  writer.u16(0).u8(AMF0_MARKER.OBJECT_END);
}

function writeString(writer: ByteWriter, text: string): void {
  const bytes = utf8.encode(text);
  if (bytes.length > MAX_STRING_SIZE) {
    writer.u8(AMF0_MARKER.LONG_STRING).u32(bytes.length).bytes(bytes);
  } else {
    writer.u8(AMF0_MARKER.STRING).u16(bytes.length).bytes(bytes);
  }
}

function writeName(writer: ByteWriter, name: string): void {
  const bytes = utf8.encode(name);
  if (bytes.length > MAX_STRING_SIZE) {
    throw new AmfError(
      `Cannot write AMF0 name: must be up to ${MAX_STRING_SIZE} bytes, got ${bytes.length}`,
    );
  }
  writer.u16(bytes.length).bytes(bytes);
}
