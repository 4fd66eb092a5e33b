import {
  type MemoryBudget,
  type MemoryRefusal,
  type MemoryUse,
  NO_HOLDER,
} from "./memory_budget.ts";

/** What one thing has of the budget: it grows and shrinks with it, and ends with it. */
export class MemoryHolding {
  readonly #budget: MemoryBudget;
  readonly #use: MemoryUse;
  readonly #holder: number;
  #bytes = 0;

  constructor(budget: MemoryBudget, use: MemoryUse, holder: number = NO_HOLDER) {
    this.#budget = budget;
    this.#use = use;
    this.#holder = holder;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Has `bytes` from now on; if there is no memory for that, it has what it had. */
  resize(bytes: number): MemoryRefusal | undefined {
    if (bytes === this.#bytes) return undefined;
    const refusal = this.#budget.resize(this.#use, this.#bytes, bytes, this.#holder);
    if (refusal === undefined) this.#bytes = bytes;
    return refusal;
  }

  close(): void {
    this.resize(0);
  }
}

/** What a peer is told that there is no memory for. */
export function describeRefusal(refusal: MemoryRefusal): string {
  return refusal === "full"
    ? "The memory for this is used up"
    : "Your address has its share of the memory for this";
}
