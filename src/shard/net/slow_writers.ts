import { isInFeed } from "../../stream/feed_segments.ts";
import type { MemoryBudget } from "../../stream/memory_budget.ts";
import { MemoryHolding } from "../../stream/memory_holding.ts";

type Piece = Uint8Array<ArrayBuffer>;

/** A connection as something is being written to it. */
export interface SlowWriter {
  /** What is being written; `undefined` if nothing is. */
  readonly piece: Piece | undefined;
  /** Since when. */
  readonly pieceSinceMs: number;
  /** Whose share it counts to. */
  readonly holder: number;
  /** Ends it, as no memory is left for what it does not take. */
  endForMemory(): void;
}

/** What {@linkcode SlowWriters} needs to know of a connection; `pieces` tell what is being written. */
export function slowWriter(
  pieces: Pick<SlowWriter, "piece" | "pieceSinceMs">,
  holder: number,
  endForMemory: () => void,
): SlowWriter {
  return {
    get piece() {
      return pieces.piece;
    },
    get pieceSinceMs() {
      return pieces.pieceSinceMs;
    },
    holder,
    endForMemory,
  };
}

/**
 * What is being written to peers that do not take it, and is kept from being freed by that alone:
 * copies of pieces, and memory that feeds have let go of. It is looked at every second, so that a
 * write costs nothing more; in between, it grows by what the streams produce.
 *
 * Beyond the budget, those are ended that have kept theirs for the longest time.
 */
export class SlowWriters {
  readonly #memory: MemoryBudget;
  #holdings: MemoryHolding[] = [];

  constructor(memory: MemoryBudget) {
    this.#memory = memory;
  }

  /** Counts what `writers` hold, and ends those that hold too much. @returns how many were ended */
  settle(writers: Iterable<SlowWriter>): number {
    for (const holding of this.#holdings) holding.close();
    this.#holdings = [];
    const counted = new Map<ArrayBuffer, boolean>();
    let ended = 0;
    const holding = [...writers].filter(({ piece }) => piece !== undefined && !isInFeed(piece));
    // The newest first: what is left for the oldest is not enough.
    for (const writer of holding.sort((a, b) => b.pieceSinceMs - a.pieceSinceMs)) {
      const { buffer } = writer.piece!;
      const isHeld = counted.get(buffer) ?? this.#hold(buffer.byteLength, writer.holder);
      counted.set(buffer, isHeld);
      if (isHeld) continue;
      writer.endForMemory();
      ended++;
    }
    return ended;
  }

  #hold(bytes: number, holder: number): boolean {
    const holding = new MemoryHolding(this.#memory, "pieces", holder);
    if (holding.resize(bytes) !== undefined) return false;
    this.#holdings.push(holding);
    return true;
  }
}
