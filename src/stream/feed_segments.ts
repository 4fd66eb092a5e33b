import type { MemoryRefusal } from "./memory_budget.ts";
import type { MemoryHolding } from "./memory_holding.ts";

/** A part of a feed's memory; it is filled once, and never changed. */
export interface FeedSegment {
  readonly bytes: Uint8Array<ArrayBuffer>;
  used: number;
  /** Tags of the feed that lie in it. */
  tags: number;
}

/**
 * Small enough that what a stalled viewer keeps from being freed is small, large enough that a
 * viewer catches up in few writes.
 */
const SEGMENT_SIZE = 256 * 1024;

/** What the first segment has; each has twice what the last one had, up to the above. */
const FIRST_SEGMENT_SIZE = 32 * 1024;

/** Memory of all feeds of this thread that is counted as theirs. */
const ofFeeds = new WeakSet<ArrayBuffer>();

/** Whether bytes lie in memory that a feed has anyway. */
export function isInFeed(bytes: Uint8Array<ArrayBuffer>): boolean {
  return ofFeeds.has(bytes.buffer);
}

/** The memory of one feed, counted as long as the feed has it. */
export class FeedSegments {
  readonly #memory: MemoryHolding | undefined;
  #newest: FeedSegment = { bytes: new Uint8Array(0), used: 0, tags: 0 };

  /** @param memory what it is counted with, if it is */
  constructor(memory: MemoryHolding | undefined) {
    this.#memory = memory;
  }

  /** A segment in which so many bytes have room, or why there is none. */
  take(length: number): FeedSegment | MemoryRefusal {
    const last = this.#newest;
    if (last.used + length <= last.bytes.length) return last;
    const grown = Math.max(FIRST_SEGMENT_SIZE, Math.min(2 * last.bytes.length, SEGMENT_SIZE));
    const size = Math.max(grown, length);
    if (last.tags === 0) this.#letGo(last);
    const refusal = this.#memory?.resize(this.#memory.bytes + size);
    if (refusal !== undefined) return refusal;
    this.#newest = { bytes: new Uint8Array(size), used: 0, tags: 0 };
    ofFeeds.add(this.#newest.bytes.buffer);
    return this.#newest;
  }

  /** The feed has a tag of it no more. */
  drop(segment: FeedSegment): void {
    if (--segment.tags === 0 && segment !== this.#newest) this.#letGo(segment);
  }

  /** The feed has none of them any more. */
  close(): void {
    this.#letGo(this.#newest);
  }

  /** Once: what was let go of is told by not being in the set. */
  #letGo({ bytes }: FeedSegment): void {
    if (!ofFeeds.delete(bytes.buffer)) return;
    this.#memory?.resize(this.#memory.bytes - bytes.length);
  }
}
