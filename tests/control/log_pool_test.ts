import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { LogPool } from "../../src/control/log_pool.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { keyFrame } from "../stream/log_samples.ts";

const OPTIONS = { maxBytes: 4096, windowMs: 1000 };

Deno.test("LogPool: logs of the size asked for, each for one at a time", () => {
  const pool = new LogPool(OPTIONS);
  const [first, second] = [pool.take(), pool.take()];
  assertNotStrictEquals(first, second);
  assertEquals(new LogWriter(first, OPTIONS).maxBodySize, 2048 - 15);
  pool.give(first);
  assertStrictEquals(pool.take(), first);
  assertNotStrictEquals(pool.take(), first);
});

Deno.test("LogPool: a log that is used again is empty", () => {
  const pool = new LogPool(OPTIONS);
  const log = pool.take();
  const writer = new LogWriter(log, OPTIONS);
  writer.setTracks(3, true);
  writer.append(keyFrame(7));
  const before = new LogReader(log);
  pool.give(log);
  const reader = new LogReader(pool.take());
  assertEquals([reader.head, reader.hasVideo, reader.tracksSettled], [0, false, false]);
  assertEquals(before.isStale, true);
});

Deno.test("LogPool: keeps no more than 32 free logs", () => {
  const pool = new LogPool(OPTIONS);
  const logs = Array.from({ length: 33 }, () => pool.take());
  for (const log of logs) pool.give(log);
  const again = new Set(Array.from({ length: 33 }, () => pool.take()));
  assertEquals(logs.filter((log) => again.has(log)).length, 32);
});
