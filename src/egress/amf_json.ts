import type { AmfProperties, AmfValue } from "../amf/amf_value.ts";

/** What JSON can say. */
export type Json = number | boolean | string | null | readonly Json[] | {
  readonly [name: string]: Json;
};

/**
 * AMF as JSON, for who does not know AMF: arrays and objects of whatever kind become arrays and
 * objects, dates and XML texts; what JSON has no word for becomes null.
 */
export function amfToJson(value: AmfValue): Json {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (value === undefined || value === null) return null;
  switch (value.kind) {
    case "object":
    case "typed-object":
    case "ecma-array":
      return propertiesToJson(value.properties);
    case "strict-array":
    case "object-vector":
      return value.items.map(amfToJson);
    case "mixed-array":
      return { ...propertiesToJson(value.properties), items: value.items.map(amfToJson) };
    case "int-vector":
    case "uint-vector":
      return [...value.items];
    case "double-vector":
      return [...value.items].map(amfToJson);
    case "date":
      return amfToJson(value.unixMs);
    case "xml":
    case "e4x":
      return value.text;
    case "amf3":
      return amfToJson(value.value);
    default:
      return null;
  }
}

function propertiesToJson(properties: AmfProperties): { readonly [name: string]: Json } {
  return Object.fromEntries([...properties].map(([name, value]) => [name, amfToJson(value)]));
}
