import { assertEquals } from "@std/assert";
import { MAX_RETRIES, RetrySchedule } from "../../src/console/retry_schedule.js";

Deno.test("RetrySchedule waits longer each time, and ends", () => {
  const schedule = new RetrySchedule();
  const delays = Array.from({ length: MAX_RETRIES }, () => schedule.next());
  assertEquals(delays.slice(0, 6), [1000, 2000, 4000, 8000, 15_000, 15_000]);
  assertEquals([schedule.next(), schedule.next(60_000)], [undefined, undefined]);
  schedule.reset();
  assertEquals(schedule.next(), 1000);
});

Deno.test("RetrySchedule waits at least as long as the gateway asks", () => {
  const schedule = new RetrySchedule();
  assertEquals([schedule.next(5000), schedule.next(500), schedule.next(60_000)], [
    5000,
    2000,
    60_000,
  ]);
});
