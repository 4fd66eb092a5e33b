/** Values that fields are set to: ends of ranges, and around them. */
const INTERESTING = [
  0,
  1,
  2,
  0x7f,
  0x80,
  0xff,
  0x100,
  0x7fff,
  0x8000,
  0xffff,
  0x1_0000,
  0x7f_ffff,
  0xff_ffff,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_fffe,
  0xffff_ffff,
];

/** Mutants of small samples grow up to this; those of larger ones to twice their sample. */
const MIN_SIZE_LIMIT = 4096;

/** Changes to one sample: mostly a few, for many leave nothing of its form. */
const MAX_CHANGES = 4;
const MAX_RARE_CHANGES = 24;

/** Bytes that one change inserts, removes, fills or moves, at most. */
const MAX_RUN = 32;

/**
 * Makes mutants of samples, the same ones for the same seed.
 *
 * Works in a buffer of its own, so that a mutant costs one allocation: the mutant.
 */
export class Mutator {
  #state: number;
  #buffer = new Uint8Array(2 * MIN_SIZE_LIMIT);
  #length = 0;
  #sizeLimit = 0;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 up to, not including, `limit` (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000 * limit);
  }

  /** A changed copy of `sample`, perhaps with parts of `other`; the caller owns it. */
  mutate(sample: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#sizeLimit = Math.max(MIN_SIZE_LIMIT, 2 * sample.length);
    if (this.#buffer.length < this.#sizeLimit) this.#buffer = new Uint8Array(this.#sizeLimit);
    this.#buffer.set(sample);
    this.#length = sample.length;
    const most = this.below(16) === 0 ? MAX_RARE_CHANGES : MAX_CHANGES;
    for (let left = 1 + this.below(most); left > 0; left--) this.#change(other);
    return this.#buffer.slice(0, this.#length);
  }

  #change(other: Uint8Array): void {
    switch (this.below(14)) {
      case 0:
      case 1:
        return this.#setByte((byte) => byte ^ (1 << this.below(8)));
      case 2:
        return this.#setByte(() => this.below(256));
      case 3:
        return this.#setByte((byte) => byte + this.below(33) - 16);
      case 4:
        return this.#setField(() => INTERESTING[this.below(INTERESTING.length)]!);
      case 5:
        return this.#setField((value) => value + this.below(33) - 16);
      case 6:
        // As a length field may be: what is there, or a little more or less.
        return this.#setField(() => this.#length + this.below(17) - 12);
      case 7:
        return this.#insertRandom();
      case 8:
        return this.#remove();
      case 9:
        return this.#repeat();
      case 10:
        return this.#copyOver();
      case 11:
        return this.#truncate();
      case 12:
        return this.#insertFrom(other);
      default:
        return this.#splice(other);
    }
  }

  #setByte(change: (byte: number) => number): void {
    if (this.#length === 0) return;
    const at = this.below(this.#length);
    this.#buffer[at] = change(this.#buffer[at]!);
  }

  /** Sets an integer of 1 to 4 bytes in either byte order. */
  #setField(change: (value: number) => number): void {
    const size = 1 + this.below(4);
    if (this.#length < size) return;
    const at = this.below(this.#length - size + 1);
    const isLittleEndian = this.below(8) === 0;
    const step = isLittleEndian ? -1 : 1;
    const first = isLittleEndian ? at + size - 1 : at;
    let value = 0;
    for (let index = 0; index < size; index++) {
      value = value * 256 + this.#buffer[first + index * step]!;
    }
    let changed = change(value);
    for (let index = size - 1; index >= 0; index--) {
      this.#buffer[first + index * step] = changed;
      changed = Math.floor(changed / 256);
    }
  }

  #insertRandom(): void {
    const { at, size } = this.#makeRoom(1 + this.below(8));
    // All the same byte, or each another.
    const fill = this.below(2) === 0 ? this.below(256) : undefined;
    for (let index = at; index < at + size; index++) {
      this.#buffer[index] = fill ?? this.below(256);
    }
  }

  #remove(): void {
    const { at, size } = this.#pick();
    this.#buffer.copyWithin(at, at + size, this.#length);
    this.#length -= size;
  }

  #repeat(): void {
    const { at, size } = this.#pick();
    this.#insert(this.#buffer.slice(at, at + size));
  }

  #copyOver(): void {
    const { at, size } = this.#pick();
    if (size === 0) return;
    this.#buffer.copyWithin(this.below(this.#length - size + 1), at, at + size);
  }

  #truncate(): void {
    this.#length = this.below(this.#length + 1);
  }

  #insertFrom(other: Uint8Array): void {
    const at = this.below(other.length + 1);
    this.#insert(other.subarray(at, at + 1 + this.below(MAX_RUN)));
  }

  /** The beginning of this one and the end of `other`. */
  #splice(other: Uint8Array): void {
    const at = this.below(this.#length + 1);
    const from = this.below(other.length + 1);
    const tail = other.subarray(from, from + this.#sizeLimit - at);
    this.#buffer.set(tail, at);
    this.#length = at + tail.length;
  }

  #insert(piece: Uint8Array): void {
    const { at, size } = this.#makeRoom(piece.length);
    this.#buffer.set(piece.subarray(0, size), at);
  }

  /** A range of what is there, empty if nothing is. */
  #pick(): { at: number; size: number } {
    const at = this.below(this.#length);
    return { at, size: Math.min(this.#length - at, 1 + this.below(MAX_RUN)) };
  }

  /** Moves what is behind a random place, so that up to `wanted` bytes can be put there. */
  #makeRoom(wanted: number): { at: number; size: number } {
    const at = this.below(this.#length + 1);
    const size = Math.min(wanted, this.#sizeLimit - this.#length);
    this.#buffer.copyWithin(at + size, at, this.#length);
    this.#length += size;
    return { at, size };
  }
}
