import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { Amf3ValueReader } from "../../src/amf/amf3_value_reader.ts";
import { AmfError } from "../../src/amf/amf_error.ts";
import { AmfBudget } from "../../src/amf/amf_limits.ts";
import type { AmfValue } from "../../src/amf/amf_value.ts";

/**
 * Reads the values of one AMF3 body one at a time; limits and references are those of the body.
 *
 * @example
 * ```ts
 * import { encodeAmf3 } from "./amf3.ts";
 * import { Amf3Reader } from "./amf3_reader.ts";
 *
 * const reader = new Amf3Reader(encodeAmf3("onStatus", null));
 * reader.value(); // "onStatus"
 * reader.remaining; // 1
 * ```
 */
export class Amf3Reader {
  readonly #bytes: ByteReader;
  readonly #values: Amf3ValueReader;

  constructor(bytes: Uint8Array) {
    this.#bytes = new ByteReader(bytes, AmfError);
    this.#values = new Amf3ValueReader(this.#bytes, new AmfBudget());
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.remaining;
  }

  /**
   * The next value. Nothing in it borrows from the body.
   *
   * A reference gives the very record it refers to, so records may be shared, but never form a
   * circle: a value that holds itself holds an {@linkcode AmfCycle} there.
   *
   * @throws {AmfError} if it is cut short or missing, of an unknown type or class, refers to what
   * does not exist, or a limit is exceeded.
   */
  value(): AmfValue {
    return this.#values.value(0);
  }

  /** A view of everything not read yet, which counts as read; it borrows from the body. */
  rest(): Uint8Array {
    return this.#bytes.rest();
  }
}
