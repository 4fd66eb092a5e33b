import type { AmfProperties, AmfValue } from "./amf_value.ts";

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
 * can be walked. {@linkcode cycleTarget} tells which value is meant.
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

/** Private, since a property would lead whoever walks the values round and round. */
class Cycle implements AmfCycle {
  readonly kind = "cycle";
  readonly #target: AmfValue;

  constructor(target: AmfValue) {
    this.#target = target;
  }

  static targetOf(cycle: AmfCycle): AmfValue {
    return #target in cycle ? cycle.#target : undefined;
  }
}

/** A stand-in for `target` within itself. */
export function amfCycle(target: AmfValue): AmfCycle {
  return new Cycle(target);
}

/** What `cycle` stands for; `undefined` if it was not made by {@linkcode amfCycle}. */
export function cycleTarget(cycle: AmfCycle): AmfValue {
  return Cycle.targetOf(cycle);
}
