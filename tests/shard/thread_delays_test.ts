import { assert, assertEquals } from "@std/assert";
import { ThreadDelays } from "../../src/shard/thread_delays.ts";

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

Deno.test("ThreadDelays: what holds up the thread is known at once, and afterwards", async () => {
  const delays = new ThreadDelays();
  const sinceMs = performance.now();
  assertEquals(delays.longestMs(sinceMs, sinceMs), 0);
  delays.watch(sinceMs);
  block(120);
  const atOnceMs = delays.longestMs(sinceMs, performance.now());
  assert(atOnceMs >= 90, `${atOnceMs} ms, before its timer has come`);
  await new Promise((resolve) => setTimeout(resolve, 0));
  const blockedMs = performance.now();
  assert(delays.longestMs(sinceMs, blockedMs) >= 90);
  const partMs = delays.longestMs(blockedMs - 40, blockedMs);
  assert(partMs <= 40, `${partMs} ms of the last 40`);
});
