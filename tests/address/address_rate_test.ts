import { assertEquals } from "@std/assert";
import { AddressRate } from "../../src/address/address_rate.ts";

function takeAll(rate: AddressRate, network: string, nowMs: number): number {
  for (let taken = 0;; taken++) if (!rate.take(network, nowMs)) return taken;
}

Deno.test("AddressRate: all at once, then some each second, each address by itself", () => {
  const rate = new AddressRate(100);
  assertEquals([takeAll(rate, "a", 0), takeAll(rate, "b", 0)], [100, 100]);
  assertEquals(takeAll(rate, "a", 90), 0);
  assertEquals(takeAll(rate, "a", 1100), 11);
  assertEquals(takeAll(rate, "b", 20_000), 100);
});

Deno.test("AddressRate: who asks all the time is let in as often as others", () => {
  const rate = new AddressRate(100);
  let taken = 0;
  for (let ms = 0; ms < 10_000; ms += 3) if (rate.take("a", ms)) taken++;
  assertEquals(taken, 199);
});
