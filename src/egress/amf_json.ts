import type { AmfProperties, AmfValue } from "../amf/amf_value.ts";

/** What JSON can say. */
export type Json = number | boolean | string | null | readonly Json[] | {
  readonly [name: string]: Json;
};

/**
 * AMF as JSON, for who does not know AMF: arrays and objects of whatever kind become arrays and
 * objects, dates and XML texts; what JSON has no word for becomes null.
 *
 * @param maxSize characters of all texts and names, and numbers of lists: references of AMF3 repeat
 * in a byte or two what is large
 * @returns `undefined` if it would be more
 */
export function amfToJson(
  values: readonly AmfValue[],
  maxSize: number,
): readonly Json[] | undefined {
  const maker = new JsonMaker(maxSize);
  const made = values.map((value) => maker.make(value));
  return maker.isOver ? undefined : made;
}

class JsonMaker {
  #left: number;

  constructor(maxSize: number) {
    this.#left = maxSize;
  }

  /** Whether there was more than there may be: then nothing is made any more. */
  get isOver(): boolean {
    return this.#left < 0;
  }

  make(value: AmfValue): Json {
    if (this.isOver) return null;
    if (typeof value === "number") return Number.isFinite(value) ? value : null;
    if (typeof value === "string") return this.#text(value);
    if (typeof value === "boolean") return value;
    if (value === undefined || value === null) return null;
    switch (value.kind) {
      case "object":
      case "typed-object":
      case "ecma-array":
        return this.#object(value.properties);
      case "strict-array":
      case "object-vector":
        return this.#list(value.items);
      case "mixed-array":
        return { ...this.#object(value.properties), items: this.#list(value.items) };
      case "int-vector":
      case "uint-vector":
      case "double-vector":
        return this.#numbers(value.items);
      case "date":
        return this.make(value.unixMs);
      case "xml":
      case "e4x":
        return this.#text(value.text);
      case "amf3":
        return this.make(value.value);
      default:
        return null;
    }
  }

  #text(text: string): string | null {
    this.#left -= text.length;
    return this.isOver ? null : text;
  }

  #list(items: readonly AmfValue[]): readonly Json[] {
    return items.map((item) => this.make(item));
  }

  #numbers(items: Iterable<number> & { readonly length: number }): readonly Json[] {
    this.#left -= items.length;
    return this.isOver ? [] : [...items].map((item) => this.make(item));
  }

  #object(properties: AmfProperties): { readonly [name: string]: Json } {
    const entries = [...properties].map(([name, value]) => {
      this.#left -= name.length;
      return [name, this.make(value)] as const;
    });
    return Object.fromEntries(entries);
  }
}
