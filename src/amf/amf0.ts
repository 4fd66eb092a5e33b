import { ByteWriter } from "../bytes/byte_writer.ts";
import { Amf0Reader } from "./amf0_reader.ts";
import { Amf0Writer } from "./amf0_writer.ts";
import type { AmfValue } from "./amf_value.ts";

/**
 * All values of an AMF0 body, such as the payload of an RTMP command.
 *
 * Strings and names are copied, so nothing borrows from `bytes`. Two things are tolerated because
 * encoders send them: an ECMA array whose count is wrong (the end marker decides), and an object
 * whose end marker is missing at the very end of the body.
 *
 * Values in AMF3 (marker 0x11) are read as `decodeAmf3` does it. A record among them comes as an
 * {@linkcode Amf3Switched}, through which `amfProperty` and `amfContent` look.
 *
 * @throws {AmfError} if a value is cut short, its type is unknown, or a limit is exceeded.
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
 * body are written in their order. What only AMF3 can say is written in AMF3, behind marker 0x11.
 *
 * @throws {AmfError} if values nest too deep or a property or class name is too long.
 */
export function encodeAmf0(...values: readonly AmfValue[]): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  const writer = new Amf0Writer(out);
  for (const value of values) writer.value(value);
  return out.take();
}
