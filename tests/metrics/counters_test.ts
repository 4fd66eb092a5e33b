import { assertEquals } from "@std/assert";
import { GAUGE_NAMES, TOTAL_NAMES } from "../../src/metrics/layout.ts";
import { allocateCounters, Counters } from "../../src/metrics/counters.ts";

Deno.test("Counters: every counter by itself, summed over shards", () => {
  const shared = allocateCounters(3);
  const rows = [0, 1, 2].map((shard) => new Counters(shared, shard));
  const names = [...GAUGE_NAMES, ...TOTAL_NAMES];
  names.forEach((name, at) => {
    rows[0]!.add(name);
    rows[2]!.add(name, 100 * at);
  });
  names.forEach((name, at) => assertEquals(rows[1]!.total(name), 1 + 100 * at));
  const totals = Object.fromEntries(names.map((name, at) => [name, 1 + 100 * at]));
  assertEquals(rows[1]!.totals() as Record<string, number>, totals);
});

Deno.test("Counters: gauges go down again", () => {
  const counters = new Counters(allocateCounters(1), 0);
  counters.add("viewers", 2);
  counters.add("viewers", -1);
  assertEquals(counters.total("viewers"), 1);
});

Deno.test("Counters: a shard that died has nothing at the moment, but its totals stay", () => {
  const shared = allocateCounters(2);
  const rows = [0, 1].map((shard) => new Counters(shared, shard));
  for (const row of rows) for (const name of [...GAUGE_NAMES, ...TOTAL_NAMES]) row.add(name, 5);
  new Counters(shared, 1).clearGauges();
  for (const name of GAUGE_NAMES) assertEquals(rows[0]!.total(name), 5);
  for (const name of TOTAL_NAMES) assertEquals(rows[0]!.total(name), 10);
});
