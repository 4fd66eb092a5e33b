import { assertEquals, assertNotEquals } from "@std/assert";
import { MemoryBudget, NO_HOLDER } from "../../src/stream/memory_budget.ts";
import { MemoryHolding } from "../../src/stream/memory_holding.ts";
import { seededRandom } from "../../testing/mutation.ts";

const KIB = 1024;
const LIMITS = {
  copies: 100 * KIB,
  pieces: 100 * KIB,
  messages: 100 * KIB,
  sessions: 100 * KIB,
  total: 150 * KIB,
};

/** The budget as each of some shards has it. */
function open(shards = 2): MemoryBudget[] {
  const shared = MemoryBudget.allocate(LIMITS, shards);
  return Array.from({ length: shards }, (_, shard) => new MemoryBudget(shared, shard));
}

Deno.test("MemoryBudget: a use has its limit over all shards, and all together have theirs", () => {
  const [first, second] = open() as [MemoryBudget, MemoryBudget];
  assertEquals(first.resize("copies", 0, 60 * KIB, NO_HOLDER), undefined);
  assertEquals(second.resize("copies", 0, 41 * KIB, NO_HOLDER), "full");
  assertEquals(second.resize("copies", 0, 40 * KIB, NO_HOLDER), undefined);
  assertEquals([first.used("copies"), first.limit("copies")], [100 * KIB, 100 * KIB]);
  assertEquals(first.resize("pieces", 0, 51 * KIB, NO_HOLDER), "full");
  assertEquals(first.resize("pieces", 0, 50 * KIB, NO_HOLDER), undefined);
  assertEquals(first.resize("copies", 60 * KIB, 0, NO_HOLDER), undefined);
  assertEquals([second.used("copies"), second.used("pieces")], [40 * KIB, 50 * KIB]);
});

Deno.test("MemoryBudget: a holder has half of a use, over all shards", () => {
  const [first, second] = open() as [MemoryBudget, MemoryBudget];
  assertEquals(first.resize("messages", 0, 30 * KIB, 7), undefined);
  assertEquals(second.resize("messages", 0, 21 * KIB, 7), "share");
  assertEquals(second.resize("messages", 0, 20 * KIB, 7), undefined);
  assertEquals(second.resize("messages", 0, 50 * KIB, 8), undefined);
  assertEquals(second.resize("copies", 0, 50 * KIB, 7), undefined);
});

Deno.test("MemoryBudget: what a shard had that is gone is free", () => {
  const [first, second] = open() as [MemoryBudget, MemoryBudget];
  first.resize("copies", 0, 40 * KIB, 7);
  second.resize("copies", 0, 10 * KIB, 7);
  first.clear();
  assertEquals(second.used("copies"), 10 * KIB);
  assertEquals(second.resize("copies", 10 * KIB, 50 * KIB, 7), undefined);
});

Deno.test("MemoryBudget: addresses have numbers of their own, as good as always", () => {
  const budget = new MemoryBudget(MemoryBudget.allocate(LIMITS, 1, 12345), 0);
  const holders = new Set<number>();
  for (let at = 0; at < 256; at++) holders.add(budget.holderOf(Uint8Array.of(192, 0, 2, at)));
  assertEquals(holders.has(NO_HOLDER), false);
  assertEquals(holders.size > 235, true, `${holders.size} of 256`);
  const other = new MemoryBudget(MemoryBudget.allocate(LIMITS, 1, 54321), 0);
  const address = Uint8Array.of(192, 0, 2, 1);
  assertNotEquals(other.holderOf(address), budget.holderOf(address));
});

Deno.test("MemoryHolding: grows and shrinks in any steps, and leaves nothing behind", () => {
  const [budget] = open(1) as [MemoryBudget];
  const random = seededRandom(3);
  const holdings = [1, 2, 3].map((holder) => new MemoryHolding(budget, "copies", holder));
  for (let step = 0; step < 2000; step++) {
    const holding = holdings[step % 3]!;
    const before = holding.bytes;
    const wanted = Math.floor(random() * 60 * KIB);
    const refusal = holding.resize(wanted);
    assertEquals(holding.bytes, refusal === undefined ? wanted : before);
    const sum = holdings.reduce((all, { bytes }) => all + Math.ceil(bytes / KIB), 0);
    assertEquals(budget.used("copies"), sum * KIB);
    assertEquals(sum <= 100, true);
  }
  for (const holding of holdings) holding.close();
  assertEquals(budget.used("copies"), 0);
});
