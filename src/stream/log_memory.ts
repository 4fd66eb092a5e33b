import { LogArena, type SegmentRefusal, type SharedLog } from "./log_arena.ts";
import {
  CONTROL_WORDS,
  ControlWord,
  INDEX_WORDS,
  INLINE_SLOT_BYTES,
  SLOT_CAPACITIES,
  SLOT_OFFSETS,
} from "./log_layout.ts";
import { PageTable } from "./page_table.ts";

/** The parts of a log, and what lies in its pages, wherever those are in the arena. */
export class LogMemory {
  readonly control: Int32Array<SharedArrayBuffer>;
  /** All of the arena. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** By position. */
  readonly data: PageTable;
  /** By sequence number. */
  readonly index: PageTable;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  /** By byte of all slots. */
  readonly #longSlots: PageTable;
  readonly #inlineSlots: number;
  readonly #segmentsOffset: number;
  readonly #pageBytes: number;
  /** The same of `words`. */
  readonly #segmentsWord: number;
  readonly #pageWords: number;
  readonly #entryMask: number;

  constructor({ arena: shared, log }: SharedLog) {
    const arena = new LogArena(shared);
    const places = arena.placesOf(log);
    const { dataTableLength, indexTableLength, slotTableLength, segmentsOffset } = arena.layout;
    const { segmentBytes } = arena;
    const entriesPerPage = segmentBytes / (INDEX_WORDS * 4);
    this.control = new Int32Array(shared, places.control, CONTROL_WORDS);
    this.words = new Int32Array(shared);
    this.#bytes = new Uint8Array(shared);
    const owner = { arena, log, owner: () => this.control[ControlWord.owner]! };
    const table = (place: number, length: number, unitsPerPage: number) =>
      new PageTable(new Int32Array(shared, place, length), unitsPerPage, owner);
    this.data = table(places.dataTable, dataTableLength, segmentBytes);
    this.index = table(places.indexTable, indexTableLength, entriesPerPage);
    this.#longSlots = table(places.slotTable, slotTableLength, segmentBytes);
    this.#inlineSlots = places.inlineSlots;
    this.#segmentsOffset = segmentsOffset;
    this.#pageBytes = segmentBytes;
    this.#segmentsWord = segmentsOffset / 4;
    this.#pageWords = segmentBytes / 4;
    this.#entryMask = entriesPerPage - 1;
  }

  /** Where in `words` the index entry of record `sequence` is; garbage if its page is gone. */
  entryOf(sequence: number): number {
    const page = this.#segmentsWord + this.index.segmentOf(sequence) * this.#pageWords;
    return page + (sequence & this.#entryMask) * INDEX_WORDS;
  }

  /** Copies from the data space; garbage where a page is gone. */
  read(position: number, length: number, target: Uint8Array, targetOffset: number): void {
    for (let done = 0; done < length;) {
      const start = this.#offsetIn(this.data, position + done);
      const size = Math.min(length - done, this.data.restOfPage(position + done));
      target.set(this.#bytes.subarray(start, start + size), targetOffset + done);
      done += size;
    }
  }

  /** Copies to the data space, whose pages must be there. */
  write(position: number, source: Uint8Array): void {
    for (let done = 0; done < source.length;) {
      const size = Math.min(source.length - done, this.data.restOfPage(position + done));
      const start = this.#offsetIn(this.data, position + done);
      this.#bytes.set(source.subarray(done, done + size), start);
      done += size;
    }
  }

  /** `length` bytes of the data space from `position` on, if they lie in one page. */
  within(position: number, length: number): Uint8Array<SharedArrayBuffer> | undefined {
    if (length > this.data.restOfPage(position)) return undefined;
    const start = this.#offsetIn(this.data, position);
    return this.#bytes.subarray(start, start + length);
  }

  /** Has the pages that a slot with `length` bytes needs. */
  takeSlotPages(slot: number, length: number): SegmentRefusal | undefined {
    if (length <= INLINE_SLOT_BYTES) return undefined;
    const end = SLOT_OFFSETS[slot]! + length;
    let at = SLOT_OFFSETS[slot]!;
    while (at < end) {
      const refusal = this.#longSlots.take(at);
      if (refusal !== undefined) return refusal;
      at += this.#longSlots.restOfPage(at);
    }
    return undefined;
  }

  /** A copy of what a slot with `length` bytes holds. */
  readSlot(slot: number, length: number): Uint8Array<ArrayBuffer> {
    // Read while the place was given to another stream, it may be anything.
    const size = Math.max(0, Math.min(length, SLOT_CAPACITIES[slot]!));
    const target = new Uint8Array(size);
    for (const { offset, from, to } of this.#partsOfSlot(slot, size, 0, size)) {
      target.set(this.#bytes.subarray(offset, offset + to - from), from);
    }
    return target;
  }

  /** Writes `part` at `start` of a slot that has, or is to have, `length` bytes. */
  writeSlot(slot: number, length: number, start: number, part: Uint8Array): void {
    for (const { offset, from, to } of this.#partsOfSlot(slot, length, start, part.length)) {
      this.#bytes.set(part.subarray(from, to), offset);
    }
  }

  /** Where in the arena a part of a slot lies: bytes `from` to `to` of it at `offset`. */
  *#partsOfSlot(
    slot: number,
    length: number,
    start: number,
    partLength: number,
  ): Generator<{ readonly offset: number; readonly from: number; readonly to: number }, void> {
    if (length <= INLINE_SLOT_BYTES) {
      const offset = this.#inlineSlots + slot * INLINE_SLOT_BYTES + start;
      yield { offset, from: 0, to: partLength };
      return;
    }
    const position = SLOT_OFFSETS[slot]! + start;
    for (let from = 0; from < partLength;) {
      const size = Math.min(partLength - from, this.#longSlots.restOfPage(position + from));
      yield { offset: this.#offsetIn(this.#longSlots, position + from), from, to: from + size };
      from += size;
    }
  }

  #offsetIn(table: PageTable, position: number): number {
    const page = this.#segmentsOffset + table.segmentOf(position) * this.#pageBytes;
    return page + (position & (this.#pageBytes - 1));
  }
}
