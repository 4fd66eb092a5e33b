import { MEMORY_USES, MemoryBudget } from "../../src/stream/memory_budget.ts";

/** A budget of one shard, with so many bytes for each use and for all together. */
export function openMemory(bytes = 2 ** 40): MemoryBudget {
  const uses = Object.fromEntries(MEMORY_USES.map((use) => [use, bytes]));
  const limits = { ...uses, total: bytes } as Parameters<typeof MemoryBudget.allocate>[0];
  return new MemoryBudget(MemoryBudget.allocate(limits, 1), 0);
}

/** What was asked for, and not a reason why it is refused. */
export function granted<T>(asked: T | string): T {
  if (typeof asked === "string") throw new Error(`Refused: ${asked}`);
  return asked;
}
