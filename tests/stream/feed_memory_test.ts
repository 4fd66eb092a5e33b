import { assert, assertEquals } from "@std/assert";
import { Feed } from "../../src/stream/feed.ts";
import { FLV_FORM } from "../../src/stream/feed_form.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { MemoryHolding } from "../../src/stream/memory_holding.ts";
import { openMemory } from "../shard/open_memory.ts";
import { interFrame, keyFrame, openLog, tagOf } from "./log_samples.ts";

const BOTH = { audio: true, video: true };

function open(bytes: number) {
  const budget = openMemory(bytes);
  const { shared, writer } = openLog({ maxBytes: 8 << 20, windowMs: 1e6 });
  const held = new MemoryHolding(budget, "copies");
  return {
    budget,
    writer,
    feed: new Feed(new LogReader(shared), BOTH, FLV_FORM, { memory: held }),
  };
}

Deno.test("Feed: what it has is counted, from small, and given back when it is closed", () => {
  const { budget, writer, feed } = open(1 << 30);
  assertEquals(budget.used("copies"), 0);
  writer.append(keyFrame(0, 1000));
  feed.update();
  assertEquals(budget.used("copies"), 32 * 1024);
  for (let at = 1; at <= 200; at++) writer.append(interFrame(at, 10_000));
  feed.update();
  const used = budget.used("copies");
  assert(used >= 2_000_000 && used < 2_600_000, `${used} bytes`);
  feed.close();
  assertEquals(budget.used("copies"), 0);
});

Deno.test("Feed: for want of memory the oldest gives way, and what is newest is read", () => {
  const { budget, writer, feed } = open(1 << 20);
  for (let at = 0; at < 400; at++) {
    const record = keyFrame(at, 10_000);
    writer.append(record);
    feed.update();
    assertEquals(feed.lack, undefined);
    assert(budget.used("copies") <= 1 << 20);
    assertEquals(feed.read(feed.head - 1)!.bytes, tagOf(record));
  }
  assert(feed.tail > 200);
});

Deno.test("Feed: one that has no memory for a single tag says so, and copies no more", () => {
  const { budget, writer, feed } = open(1 << 20);
  writer.append(keyFrame(0, 2 << 20));
  feed.update();
  assertEquals([feed.lack, feed.head], ["full", feed.tail]);
  writer.append(keyFrame(1, 100));
  feed.update();
  assertEquals(feed.head, feed.tail);
  feed.close();
  assertEquals(budget.used("copies"), 0);
});
