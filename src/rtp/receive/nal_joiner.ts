import { type Malformed, malformed } from "../../bytes/malformed.ts";
import { MAX_NAL_UNITS } from "../../codec/nal_units.ts";

/** In front of each unit of an aggregate (RFC 6184 5.7.1, RFC 7798 4.4.2). */
const AGGREGATE_LENGTH_SIZE = 2;

/** In front of each unit of what leaves. */
const LENGTH_SIZE = 4;

/** Bits of a fragment's header: the same in RFC 6184 5.8 and RFC 7798 4.4.3. */
const FRAGMENT_START = 0x80;
const FRAGMENT_END = 0x40;

const COUNT_RULE = `NAL units must be up to ${MAX_NAL_UNITS}`;
const AGGREGATE_RULE = "NAL unit must end within its aggregate";

/**
 * Whether a unit of an aggregate is wanted, by where in the payload its header begins. Those that are
 * cut off before it are none.
 *
 * @param from where the first length is
 */
export function hasUnit(
  payload: Uint8Array,
  from: number,
  isWanted: (at: number) => boolean,
): boolean {
  for (let at = from; at + AGGREGATE_LENGTH_SIZE < payload.length;) {
    const start = at + AGGREGATE_LENGTH_SIZE;
    if (isWanted(start)) return true;
    at = start + (payload[at]! << 8 | payload[at + 1]!);
  }
  return false;
}

/**
 * Joins what all payloads of a picture carry.
 *
 * @param action what cannot be done if they are malformed: "read H.264 picture"
 * @param add gives a payload's units to the joiner, or tells its fault
 */
export function joinNalUnits(
  action: string,
  payloads: readonly Uint8Array[],
  add: (joiner: NalJoiner, payload: Uint8Array) => Malformed | undefined,
): Uint8Array<ArrayBuffer> | Malformed {
  const joiner = new NalJoiner(action);
  for (const payload of payloads) {
    const fault = add(joiner, payload);
    if (fault !== undefined) return fault;
  }
  return joiner.join();
}

/**
 * Joins what the payloads of a picture carry to its NAL units, each behind its length of four bytes.
 * It borrows from the payloads.
 */
export class NalJoiner {
  readonly #action: string;
  readonly #pieces: Uint8Array[] = [];
  /** How many pieces each unit has. */
  readonly #pieceCounts: number[] = [];
  #size = 0;
  #isInFragment = false;
  #fault: Malformed | undefined;

  /** @param action what cannot be done if the payloads are malformed: "read H.264 picture" */
  constructor(action: string) {
    this.#action = action;
  }

  /** Adds a whole unit. */
  add(unit: Uint8Array): void {
    if (this.#isInFragment) return this.#refuse("fragment must be followed by its next", undefined);
    this.#begin(unit);
  }

  /** Adds the units of an aggregate, from `at` on; those of no bytes are left out. */
  addAggregate(payload: Uint8Array, from: number): void {
    for (let at = from; at < payload.length;) {
      const start = at + AGGREGATE_LENGTH_SIZE;
      const end = start + ((payload[at]! << 8) | (payload[at + 1] ?? 0));
      if (end > payload.length) return this.#refuse(AGGREGATE_RULE, end);
      if (end > start) this.add(payload.subarray(start, end));
      at = end;
    }
  }

  /**
   * Adds a fragment of a unit.
   *
   * @param header of the fragment, whose first two bits say where in the unit it is
   * @param nalHeader of the unit, of which the first fragment is what follows
   */
  addFragment(header: number, nalHeader: () => Uint8Array, content: Uint8Array): void {
    const isStart = (header & FRAGMENT_START) !== 0;
    if (isStart === this.#isInFragment) {
      return this.#refuse("fragments must begin with the first and follow each other", header);
    }
    if (isStart) this.#begin(nalHeader());
    this.#append(content);
    this.#isInFragment = (header & FRAGMENT_END) === 0;
  }

  /** All units; none if there are none. */
  join(): Uint8Array<ArrayBuffer> | Malformed {
    if (this.#isInFragment) this.#refuse("NAL unit must have its last fragment", undefined);
    if (this.#fault !== undefined) return this.#fault;
    const joined = new Uint8Array(this.#size + LENGTH_SIZE * this.#pieceCounts.length);
    const view = new DataView(joined.buffer);
    let at = 0;
    let next = 0;
    for (const count of this.#pieceCounts) {
      const start = at + LENGTH_SIZE;
      let end = start;
      for (const piece of this.#pieces.slice(next, next + count)) {
        joined.set(piece, end);
        end += piece.length;
      }
      view.setUint32(at, end - start);
      next += count;
      at = end;
    }
    return joined;
  }

  #begin(piece: Uint8Array): void {
    if (this.#pieceCounts.length === MAX_NAL_UNITS) {
      return this.#refuse(COUNT_RULE, MAX_NAL_UNITS + 1);
    }
    this.#pieceCounts.push(0);
    this.#append(piece);
  }

  #append(piece: Uint8Array): void {
    if (this.#fault !== undefined) return;
    this.#pieces.push(piece);
    this.#pieceCounts[this.#pieceCounts.length - 1]!++;
    this.#size += piece.length;
  }

  #refuse(rule: string, got: number | undefined): void {
    this.#fault ??= malformed(this.#action, rule, got);
  }
}
