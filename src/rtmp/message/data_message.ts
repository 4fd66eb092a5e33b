import { Amf0Reader } from "../../amf/amf0_reader.ts";
import { AmfError } from "../../amf/amf_error.ts";
import type { AmfValue } from "../../amf/amf_value.ts";
import { plainAmf0 } from "./plain_amf0.ts";

/**
 * What a publisher tells the server about metadata (RTMP: NetStream.send). `@setDataFrame` is left
 * away from what it sets; `@clearDataFrame` takes metadata back, which players have no use for.
 */
export const DATA_FRAME = { SET: "@setDataFrame", CLEAR: "@clearDataFrame" } as const;

/** What a data message says: a name, and the AMF0 body that begins with it. */
export interface NamedData {
  readonly name: AmfValue;
  /** Without `@setDataFrame`, and in AMF0 alone: an FLV script tag body. Borrowed. */
  readonly payload: Uint8Array;
}

/**
 * The name of a data message, and its payload from there on, rewritten if there is AMF3 in it.
 * `undefined` if that cannot be read: it is no reason to end a stream, whose pictures and sound do
 * not depend on it.
 */
export function namedData(payload: Uint8Array): NamedData | undefined {
  try {
    // All at once: strings of AMF3 can refer to the name.
    const plain = plainAmf0(payload);
    const reader = new Amf0Reader(plain);
    const name = reader.value();
    if (name !== DATA_FRAME.SET) return { name, payload: plain };
    const rest = reader.rest();
    return { name: new Amf0Reader(rest).value(), payload: rest };
  } catch (error) {
    if (!(error instanceof AmfError)) throw error;
    return undefined;
  }
}
