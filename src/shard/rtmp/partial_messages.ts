import type { MemoryBudget } from "../../stream/memory_budget.ts";
import { describeRefusal, MemoryHolding } from "../../stream/memory_holding.ts";
import type { Counters } from "../../metrics/counters.ts";

/** In such steps unfinished messages are counted. */
const STEP_BYTES = 64 * 1024;

/** The memory of what a connection's messages and frames have that have not come whole. */
export class PartialMessages {
  readonly #held: MemoryHolding;
  readonly #counters: Counters;

  /** @param holder whose share of the memory they count to */
  constructor(memory: MemoryBudget, holder: number, counters: Counters) {
    this.#held = new MemoryHolding(memory, "messages", holder);
    this.#counters = counters;
  }

  /** Counts what they have, in steps; or tells why that is too much. */
  hold(bytes: number): string | undefined {
    const refusal = this.#held.resize(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    if (refusal === undefined) return undefined;
    this.#counters.add("memoryEnded");
    return describeRefusal(refusal);
  }

  close(): void {
    this.#held.close();
  }
}
