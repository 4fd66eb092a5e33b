import type { ByteReader } from "../bytes/byte_reader.ts";
import { AmfError } from "./amf_error.ts";
import { type AmfBudget, checkNameLength } from "./amf_limits.ts";

/** Reads the strings of one body, which are written once and then referred to (AMF3 1.3.2). */
export class Amf3StringTable {
  readonly #bytes: ByteReader;
  readonly #budget: AmfBudget;
  readonly #strings: string[] = [];

  constructor(bytes: ByteReader, budget: AmfBudget) {
    this.#bytes = bytes;
    this.#budget = budget;
  }

  /**
   * The next string.
   *
   * @throws {AmfError} if it is cut short, refers to none, or a limit is exceeded.
   */
  text(): string {
    const header = this.#bytes.u29();
    if ((header & 1) === 0) return this.#refer(header >> 1);
    // The empty string has no place in the table.
    if (header === 1) return "";
    const text = this.#bytes.utf8(header >> 1);
    this.#budget.countContent(text.length);
    this.#strings.push(text);
    return text;
  }

  /** As {@linkcode text}, for a string that is a name, which has a limit of its own. */
  name(): string {
    const name = this.text();
    checkNameLength(name);
    return name;
  }

  #refer(index: number): string {
    const text = this.#strings[index];
    if (text === undefined) {
      throw new AmfError(
        `Cannot read AMF3 string: reference must be below ${this.#strings.length}, got ${index}`,
      );
    }
    this.#budget.countContent(text.length);
    return text;
  }
}
