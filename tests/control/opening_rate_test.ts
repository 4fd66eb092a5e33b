import { assertEquals } from "@std/assert";
import { OpeningRate } from "../../src/control/opening_rate.ts";

function takeAll(rate: OpeningRate, network: string, nowMs: number): number {
  for (let taken = 0;; taken++) if (!rate.take(network, nowMs)) return taken;
}

Deno.test("OpeningRate: all at once, then some each second, each address by itself", () => {
  const rate = new OpeningRate(100);
  assertEquals([takeAll(rate, "a", 0), takeAll(rate, "b", 0)], [100, 100]);
  assertEquals(takeAll(rate, "a", 90), 0);
  assertEquals(takeAll(rate, "a", 1100), 11);
  assertEquals(takeAll(rate, "b", 20_000), 100);
});

Deno.test("OpeningRate: who asks all the time is let in as often as others", () => {
  const rate = new OpeningRate(100);
  let taken = 0;
  for (let ms = 0; ms < 10_000; ms += 3) if (rate.take("a", ms)) taken++;
  assertEquals(taken, 199);
});
