import type { ByteReader } from "../bytes/byte_reader.ts";
import { EXTERNALIZABLE_CLASSES } from "./amf3_marker.ts";
import type { Amf3StringTable } from "./amf3_string_table.ts";
import type { AmfTraits } from "./amf_value.ts";
import { AmfError } from "./amf_error.ts";
import { type AmfBudget, MAX_AMF_VALUES } from "./amf_limits.ts";

/** What the objects of one class have in common (AMF3 3.12). */
export interface Amf3Class {
  /** Empty if it has no name. */
  readonly className: string;
  readonly isExternalizable: boolean;
  readonly isDynamic: boolean;
  /** The names of the sealed properties as they were written: one may come twice. */
  readonly names: readonly string[];
  /** `undefined` if they say no more than that the class is dynamic. */
  readonly traits: AmfTraits | undefined;
  /** Characters of all its names. */
  readonly contentSize: number;
}

/** Flags in the number that begins an object; the lowest says that it is no reference. */
const HAS_TRAITS = 2;
const IS_EXTERNALIZABLE = 4;
const IS_DYNAMIC = 8;

/** The classes of one body, by the order in which they came (AMF3 2.2). */
export class Amf3ClassTable {
  readonly #bytes: ByteReader;
  readonly #budget: AmfBudget;
  readonly #strings: Amf3StringTable;
  readonly #classes: Amf3Class[] = [];

  constructor(bytes: ByteReader, budget: AmfBudget, strings: Amf3StringTable) {
    this.#bytes = bytes;
    this.#budget = budget;
    this.#strings = strings;
  }

  /**
   * The class of an object that is no reference itself.
   *
   * @param header the number it began with
   * @throws {AmfError} if it refers to no class, or is cut short, or a limit is exceeded.
   */
  read(header: number): Amf3Class {
    if ((header & HAS_TRAITS) === 0) return this.#refer(header >> 2);
    const contentBefore = this.#budget.contentSize;
    const className = this.#strings.name();
    const isExternalizable = (header & IS_EXTERNALIZABLE) !== 0;
    const isDynamic = (header & IS_DYNAMIC) !== 0;
    const names = isExternalizable ? [] : this.#names(header >> 4);
    const contentSize = this.#budget.contentSize - contentBefore;
    const traits = isDynamic && names.length === 0
      ? undefined
      : { sealedNames: [...new Set(names)], isDynamic };
    const read = { className, isExternalizable, isDynamic, names, traits, contentSize };
    this.#classes.push(read);
    return read;
  }

  #refer(index: number): Amf3Class {
    const found = this.#classes[index];
    if (found === undefined) {
      throw new AmfError(
        `Cannot read AMF3 traits: reference must be below ${this.#classes.length}, got ${index}`,
      );
    }
    this.#budget.countContent(found.contentSize);
    return found;
  }

  #names(count: number): string[] {
    // Each has a length here and a value behind, of one byte at least.
    const limit = Math.min(MAX_AMF_VALUES, Math.floor(this.#bytes.remaining / 2));
    if (count > limit) {
      throw new AmfError(`Cannot read AMF3 traits: at most ${limit} names fit, got ${count}`);
    }
    const names: string[] = [];
    for (let index = 0; index < count; index++) names.push(this.#strings.name());
    return names;
  }
}

/** @throws {AmfError} if it is not known what objects of this externalizable class look like. */
export function checkExternalizable(className: string, action: string): void {
  if (EXTERNALIZABLE_CLASSES.has(className)) return;
  throw new AmfError(
    `Cannot ${action} AMF3 object: externalizable class must be one of ` +
      `${[...EXTERNALIZABLE_CLASSES].join(", ")}, got ${JSON.stringify(className)}`,
  );
}
