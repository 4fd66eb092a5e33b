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
  | AmfUnsupported
  | Amf3OnlyValue;

/** The values that are records. */
export type AmfRecord = Extract<AmfValue, { readonly kind: string }>;

/** Properties by name, in the order they were written. */
export type AmfProperties = ReadonlyMap<string, AmfValue>;

/** An anonymous object (AMF0 2.5, AMF3 3.12). */
export interface AmfObject {
  readonly kind: "object";
  /** Read from AMF3, if it has sealed properties or may not have others. */
  readonly traits?: AmfTraits;
  readonly properties: AmfProperties;
}

/** An associative array (AMF0 2.10, AMF3 3.11): `onMetaData` is one. */
export interface AmfEcmaArray {
  readonly kind: "ecma-array";
  readonly properties: AmfProperties;
}

/** An object of a named class (AMF0 2.18, AMF3 3.12). */
export interface AmfTypedObject {
  readonly kind: "typed-object";
  /** Read from AMF3, if it has sealed properties or may not have others. */
  readonly traits?: AmfTraits;
  readonly className: string;
  readonly properties: AmfProperties;
}

/** An array of values without names (AMF0 2.12, AMF3 3.11). */
export interface AmfStrictArray {
  readonly kind: "strict-array";
  readonly items: readonly AmfValue[];
}

/**
 * A date (AMF0 2.13, AMF3 3.10). The time zone is reserved: 0 in what writers send, kept as it was
 * read. AMF3 has none.
 */
export interface AmfDate {
  readonly kind: "date";
  /** Milliseconds since 1970 in UTC; may be a fraction or NaN, as the sender liked. */
  readonly unixMs: number;
  readonly timezoneMinutes: number;
}

/** An XML document as text (AMF0 2.17, AMF3 3.9). */
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

/** The kinds of {@linkcode AmfValue} that only AMF3 can say. */
export type Amf3OnlyValue =
  | AmfMixedArray
  | AmfE4x
  | AmfByteArray
  | AmfIntVector
  | AmfUintVector
  | AmfDoubleVector
  | AmfObjectVector
  | AmfDictionary
  | AmfExternalizable
  | AmfCycle
  | Amf3Switched;

/**
 * What the class of an object says about its properties (AMF3 3.12). Objects of one class share one
 * record. An object without it is dynamic and has no sealed properties, as those of AMF0.
 */
export interface AmfTraits {
  /** Properties that every object of the class has; each name once, in the order of the class. */
  readonly sealedNames: readonly string[];
  /** Whether an object may have other properties too. */
  readonly isDynamic: boolean;
}

/** An array that has both properties and items (AMF3 3.11); others are ECMA or strict arrays. */
export interface AmfMixedArray {
  readonly kind: "mixed-array";
  readonly properties: AmfProperties;
  readonly items: readonly AmfValue[];
}

/** What ActionScript 3 calls XML, as text (AMF3 3.13); the older XMLDocument is `AmfXml`. */
export interface AmfE4x {
  readonly kind: "e4x";
  readonly text: string;
}

/** Bytes (AMF3 3.14); they are the value's own. */
export interface AmfByteArray {
  readonly kind: "byte-array";
  readonly bytes: Uint8Array;
}

/** A typed array of 32-bit integers (AMF3 3.15). */
export interface AmfIntVector {
  readonly kind: "int-vector";
  /** Whether the receiver may not change its length. */
  readonly isFixed: boolean;
  readonly items: Int32Array;
}

/** A typed array of unsigned 32-bit integers (AMF3 3.15). */
export interface AmfUintVector {
  readonly kind: "uint-vector";
  readonly isFixed: boolean;
  readonly items: Uint32Array;
}

/** A typed array of doubles (AMF3 3.15). */
export interface AmfDoubleVector {
  readonly kind: "double-vector";
  readonly isFixed: boolean;
  readonly items: Float64Array;
}

/** An array of objects of one class (AMF3 3.15). */
export interface AmfObjectVector {
  readonly kind: "object-vector";
  readonly isFixed: boolean;
  /** "*" or empty if any will do. */
  readonly className: string;
  readonly items: readonly AmfValue[];
}

/** A map whose keys are values of any kind (AMF3 3.16), in the order they were written. */
export interface AmfDictionary {
  readonly kind: "dictionary";
  /** Whether a key is to vanish when nothing else refers to it. */
  readonly hasWeakKeys: boolean;
  readonly entries: readonly (readonly [key: AmfValue, value: AmfValue])[];
}

/**
 * An object whose class writes itself (AMF3 3.12), of a class whose form is known: one `value`, as
 * `flex.messaging.io.ArrayCollection` writes its array.
 */
export interface AmfExternalizable {
  readonly kind: "externalizable";
  readonly className: string;
  readonly value: AmfValue;
}

/**
 * Stands where a value holds itself, directly or further inside, so that every value is a tree and
 * can be walked. `cycleTarget` tells which value is meant.
 */
export interface AmfCycle {
  readonly kind: "cycle";
}

/**
 * A value with a `kind` that stands in an AMF0 body but is written in AMF3, behind marker 0x11
 * (AMF0 3.1). Kept apart because it takes no place in the references of AMF0.
 */
export interface Amf3Switched {
  readonly kind: "amf3";
  readonly value: AmfValue;
}

/** An {@linkcode AmfObject} from names and values in the program's own text. */
export function amfObject(properties: Readonly<Record<string, AmfValue>>): AmfObject {
  return { kind: "object", properties: new Map(Object.entries(properties)) };
}

/**
 * The property `name` of an object, typed object or array; `undefined` if there is none, or if
 * `value` has no properties at all. It is looked for in {@linkcode amfContent}.
 */
export function amfProperty(value: AmfValue, name: string): AmfValue {
  const content = amfContent(value);
  if (typeof content !== "object" || content === null || !("properties" in content)) {
    return undefined;
  }
  return content.properties.get(name);
}

/** `value` without what is only wrapped around it: the switch to AMF3, and collections of Flex. */
export function amfContent(value: AmfValue): AmfValue {
  let content = value;
  while (
    typeof content === "object" && content !== null &&
    (content.kind === "amf3" || content.kind === "externalizable")
  ) content = content.value;
  return content;
}
