import type { FeedEntry } from "./feed_piece.ts";
import { distance } from "./log_layout.ts";

/**
 * What a feed holds, by positions that grow by one for each entry and each gap. Positions that it is
 * asked about must not lie before its tail.
 */
export class FeedEntries {
  /** Sequence number of the next log record to copy. */
  nextSequence = 0;
  readonly #list: FeedEntry[] = [];
  #tail = 0;

  /** All of them, from the one at the tail on. */
  get list(): readonly FeedEntry[] {
    return this.#list;
  }

  /** The position of the oldest. */
  get tail(): number {
    return this.#tail;
  }

  /** The position behind the newest. */
  get head(): number {
    return this.#tail + this.#list.length;
  }

  /** The one at a position; `undefined` at the head. */
  at(position: number): FeedEntry | undefined {
    return this.#list[position - this.#tail];
  }

  push(entry: FeedEntry): void {
    this.#list.push(entry);
  }

  /** The first position that has this record or one behind it; `undefined` if there is none. */
  find(sequence: number): number | undefined {
    const at = this.#list.findIndex(({ record }) => distance(sequence, record.sequence) >= 0);
    return at < 0 ? undefined : this.#tail + at;
  }

  /** Sequence number in the log of what lies at a position. */
  sequenceAt(position: number): number {
    return this.at(position)?.record.sequence ?? this.nextSequence;
  }

  /** Of what follows in the log behind what lies before a position: it may be of other tracks. */
  sequenceBefore(position: number): number {
    const before = this.at(position - 1);
    return before === undefined ? this.sequenceAt(position) : (before.record.sequence + 1) | 0;
  }

  /** The first position that has this record or one behind it; `undefined` if some are gone. */
  positionOf(sequence: number): number | undefined {
    if (distance(this.sequenceAt(this.#tail), sequence) < 0) return undefined;
    return this.find(sequence) ?? this.head;
  }

  /** Lets go of what lies before a position, and returns it. */
  dropBefore(position: number): FeedEntry[] {
    const dropped = this.#list.splice(0, position - this.#tail);
    this.#tail += dropped.length;
    return dropped;
  }

  /** Lets go of all, which it returns, and of a position beside: nothing lies there. */
  leaveGap(): FeedEntry[] {
    const dropped = this.dropBefore(this.head);
    this.#tail++;
    return dropped;
  }
}
