import { assertEquals } from "@std/assert";
import { type SlowWriter, SlowWriters } from "../../../src/shard/net/slow_writers.ts";
import { openMemory } from "../open_memory.ts";

const KIB = 1024;

class Writer implements SlowWriter {
  piece: Uint8Array<ArrayBuffer> | undefined;
  readonly pieceSinceMs: number;
  readonly holder: number;
  isEnded = false;

  constructor(piece: Uint8Array<ArrayBuffer> | undefined, sinceMs: number, holder = 0) {
    this.piece = piece;
    this.pieceSinceMs = sinceMs;
    this.holder = holder;
  }

  endForMemory(): void {
    this.isEnded = true;
  }
}

const endedOf = (writers: readonly Writer[]) => writers.map(({ isEnded }) => isEnded);

Deno.test("SlowWriters: what is held is counted once, however many hold it, until nobody does", () => {
  const memory = openMemory(1 << 20);
  const slow = new SlowWriters(memory);
  const shared = new Uint8Array(100 * KIB);
  const writers = [
    new Writer(shared, 1),
    new Writer(shared.subarray(5, 10), 2),
    new Writer(new Uint8Array(50 * KIB), 3),
    new Writer(undefined, 0),
  ];
  assertEquals(slow.settle(writers), 0);
  assertEquals(memory.used("pieces"), 150 * KIB);
  writers[0]!.piece = writers[2]!.piece = undefined;
  slow.settle(writers);
  assertEquals(memory.used("pieces"), 100 * KIB);
  slow.settle([]);
  assertEquals(memory.used("pieces"), 0);
});

Deno.test("SlowWriters: beyond the budget, those end that have held theirs longest", () => {
  const memory = openMemory(300 * KIB);
  const slow = new SlowWriters(memory);
  const writers = [4, 1, 3, 2].map((sinceMs) => new Writer(new Uint8Array(100 * KIB), sinceMs));
  assertEquals(slow.settle(writers), 1);
  assertEquals(endedOf(writers), [false, true, false, false]);
});

Deno.test("SlowWriters: one address has half of it, and ends its own", () => {
  const memory = openMemory(400 * KIB);
  const slow = new SlowWriters(memory);
  const attackers = [5, 6, 7, 8].map((sinceMs) =>
    new Writer(new Uint8Array(100 * KIB), sinceMs, 1)
  );
  const other = new Writer(new Uint8Array(100 * KIB), 0, 2);
  assertEquals(slow.settle([...attackers, other]), 2);
  assertEquals(endedOf([...attackers, other]), [true, true, false, false, false]);
});
