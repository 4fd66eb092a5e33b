import type { AmfEcmaArray, AmfValue } from "../../src/amf/amf_value.ts";

/** An {@linkcode AmfEcmaArray} from names and values in the program's own text. */
export function amfEcmaArray(properties: Readonly<Record<string, AmfValue>>): AmfEcmaArray {
  return { kind: "ecma-array", properties: new Map(Object.entries(properties)) };
}
