/**
 * What AMF can say, as data.
 *
 * Composite values carry a `kind`. Properties are a `Map` because their names come from the peer:
 * in a Map `__proto__` or `toString` is a name like any other, where a plain object would take the
 * first for its prototype and find the second without being told. A Map also keeps the order.
 */
export type AmfValue =
  | number
  | boolean
  | string
  | null
  | undefined
  | AmfObject
  | AmfEcmaArray
  | AmfTypedObject
  | AmfStrictArray
  | AmfDate
  | AmfXml
  | AmfReference
  | AmfUnsupported;

/** Properties by name, in the order they were written. */
export type AmfProperties = ReadonlyMap<string, AmfValue>;

/** An anonymous object (AMF0 2.5). */
export interface AmfObject {
  readonly kind: "object";
  readonly properties: AmfProperties;
}

/** An associative array (AMF0 2.10): `onMetaData` is one. */
export interface AmfEcmaArray {
  readonly kind: "ecma-array";
  readonly properties: AmfProperties;
}

/** An object of a named class (AMF0 2.18). */
export interface AmfTypedObject {
  readonly kind: "typed-object";
  readonly className: string;
  readonly properties: AmfProperties;
}

/** An array of values without names (AMF0 2.12). */
export interface AmfStrictArray {
  readonly kind: "strict-array";
  readonly items: readonly AmfValue[];
}

/** A date (AMF0 2.13). The time zone is reserved: 0 in what writers send, kept as it was read. */
export interface AmfDate {
  readonly kind: "date";
  /** Milliseconds since 1970 in UTC; may be a fraction or NaN, as the sender liked. */
  readonly unixMs: number;
  readonly timezoneMinutes: number;
}

/** An XML document as text (AMF0 2.17). */
export interface AmfXml {
  readonly kind: "xml";
  readonly text: string;
}

/**
 * A reference to the `index`-th composite value of the same body (AMF0 2.9).
 *
 * Left unresolved on purpose: a resolved one could make a value contain itself, or a small body
 * stand for an enormous one.
 */
export interface AmfReference {
  readonly kind: "reference";
  readonly index: number;
}

/** A value its sender could not write (AMF0 2.15). */
export interface AmfUnsupported {
  readonly kind: "unsupported";
}

/** An {@linkcode AmfObject} from names and values in the program's own text. */
export function amfObject(properties: Readonly<Record<string, AmfValue>>): AmfObject {
  return { kind: "object", properties: new Map(Object.entries(properties)) };
}

/** An {@linkcode AmfEcmaArray} from names and values in the program's own text. */
export function amfEcmaArray(properties: Readonly<Record<string, AmfValue>>): AmfEcmaArray {
  return { kind: "ecma-array", properties: new Map(Object.entries(properties)) };
}

/**
 * The property `name` of an object, typed object or ECMA array; `undefined` if there is none, or
 * if `value` has no properties at all.
 */
export function amfProperty(value: AmfValue, name: string): AmfValue {
  if (typeof value !== "object" || value === null || !("properties" in value)) return undefined;
  return value.properties.get(name);
}
