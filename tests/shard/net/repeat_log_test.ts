import { assertEquals } from "@std/assert";
import { REPEAT_LOG_INTERVAL_MS, RepeatLog } from "../../../src/shard/net/repeat_log.ts";

Deno.test("RepeatLog: the first at once, then once per interval with the number so far", () => {
  const repeats = new RepeatLog();
  assertEquals(repeats.note("a", 5000), 1);
  for (let atMs = 5000; atMs < 5000 + REPEAT_LOG_INTERVAL_MS; atMs += 1000) {
    assertEquals(repeats.note("a", atMs), undefined);
  }
  assertEquals(repeats.note("a", 5000 + REPEAT_LOG_INTERVAL_MS), 12);
  assertEquals(repeats.note("a", 5001 + REPEAT_LOG_INTERVAL_MS), undefined);
});

Deno.test("RepeatLog: every kind by itself", () => {
  const repeats = new RepeatLog();
  assertEquals(repeats.note("a", 0), 1);
  assertEquals(repeats.note("b", 1), 1);
  assertEquals(repeats.note("a", 2), undefined);
});
