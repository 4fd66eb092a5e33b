import type { LogArena, SegmentRefusal } from "./log_arena.ts";

/** Whose segments the pages of a space are. */
export interface PageOwner {
  readonly arena: LogArena;
  readonly log: number;
  /** Number of the owner whose share of the arena they count to. */
  readonly owner: () => number;
}

/**
 * The pages of one space of a log: which segment of the arena each lies in. A page has a power of
 * two of units, such as bytes, and what is addressed by them may wrap at 2^32.
 */
export class PageTable {
  /** Units of a page. */
  readonly unitsPerPage: number;
  readonly #segments: Int32Array<SharedArrayBuffer>;
  readonly #shift: number;
  readonly #mask: number;
  readonly #owner: PageOwner;

  /** @param segments a power of two of words, or as many as the space has pages */
  constructor(segments: Int32Array<SharedArrayBuffer>, unitsPerPage: number, owner: PageOwner) {
    this.unitsPerPage = unitsPerPage;
    this.#segments = segments;
    this.#shift = Math.log2(unitsPerPage);
    this.#mask = 2 ** Math.ceil(Math.log2(segments.length)) - 1;
    this.#owner = owner;
  }

  /** The segment of the page that has `unit`; 0 if there is none. */
  segmentOf(unit: number): number {
    return this.#segments[(unit >>> this.#shift) & this.#mask]!;
  }

  /** Units from `unit` to the end of its page. */
  restOfPage(unit: number): number {
    return this.unitsPerPage - (unit & (this.unitsPerPage - 1));
  }

  /** The first unit of the page that has `unit`. */
  startOfPage(unit: number): number {
    return unit & -this.unitsPerPage;
  }

  /** Has the page that `unit` is in, or tells why not. */
  take(unit: number): SegmentRefusal | undefined {
    const page = (unit >>> this.#shift) & this.#mask;
    if (this.#segments[page] !== 0) return undefined;
    const { arena, log, owner } = this.#owner;
    const segment = arena.take(log, owner());
    if (typeof segment !== "number") return segment;
    this.#segments[page] = segment;
    return undefined;
  }

  /** Gives back the pages from the one that has `start` up to the one that has `end`, but not that. */
  giveBetween(start: number, end: number): void {
    const last = this.startOfPage(end);
    const size = this.unitsPerPage;
    for (let unit = this.startOfPage(start); unit !== last; unit = (unit + size) | 0) {
      const page = (unit >>> this.#shift) & this.#mask;
      const segment = this.#segments[page]!;
      if (segment === 0) continue;
      this.#segments[page] = 0;
      this.#owner.arena.give(segment, this.#owner.owner());
    }
  }
}
