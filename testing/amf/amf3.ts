import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { Amf3Reader } from "./amf3_reader.ts";
import { Amf3Writer } from "../../src/amf/amf3_writer.ts";
import type { AmfValue } from "../../src/amf/amf_value.ts";

/**
 * All values of an AMF3 body. Nothing borrows from `bytes`.
 *
 * References are resolved: the same record stands in several places. All limits of
 * {@linkcode AmfBudget} count what is referred to each time, so that walking the values costs no
 * more than they allow. A value that holds itself holds an {@linkcode AmfCycle} there.
 *
 * RTMP messages of type 15 and 17 are not such bodies: they begin as AMF0 and switch to AMF3 value
 * by value, which `decodeAmf0` follows.
 *
 * @throws {AmfError} if a value is cut short, its type or externalizable class is unknown, it refers
 * to what does not exist, or a limit is exceeded.
 *
 * @example
 * ```ts
 * import { decodeAmf3, encodeAmf3 } from "./amf3.ts";
 * import { amfObject, amfProperty } from "../../src/amf/amf_value.ts";
 *
 * const point = amfObject({ x: 1, y: 2 });
 * const body = encodeAmf3(point, point); // the second takes two bytes
 * const [first, second] = decodeAmf3(body);
 * first === second; // true
 * amfProperty(first, "x"); // 1
 * ```
 */
export function decodeAmf3(bytes: Uint8Array): AmfValue[] {
  const reader = new Amf3Reader(bytes);
  const values: AmfValue[] = [];
  while (reader.remaining > 0) values.push(reader.value());
  return values;
}

/**
 * An AMF3 body of `values`, one behind the other. The caller owns it.
 *
 * Everything {@linkcode decodeAmf3} returns can be encoded, and decodes to the same again. Of what
 * AMF0 can say, AMF3 loses the time zone of dates and the difference between empty arrays, and
 * writes "unsupported" as undefined.
 *
 * @throws {AmfError} if AMF3 cannot say it: values nest too deep, a property has no name, or a
 * reference belongs to AMF0.
 */
export function encodeAmf3(...values: readonly AmfValue[]): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  const writer = new Amf3Writer(out);
  for (const value of values) writer.value(value);
  return out.take();
}
