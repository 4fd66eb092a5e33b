import { assertEquals } from "@std/assert";
import { WishInterval } from "../../src/egress/wish_interval.ts";

/** The seconds at which one that waits all the time wishes. */
function wishesAt(wishes: WishInterval, seconds: number): number[] {
  return Array.from({ length: seconds }, (_, at) => wishes.tick(true) ? at : -1)
    .filter((at) => at >= 0);
}

Deno.test("WishInterval: who gets nowhere by key frames wishes for them more and more rarely", () => {
  assertEquals(wishesAt(new WishInterval(), 60), [0, 1, 3, 7, 15, 25, 35, 45, 55]);
});

Deno.test("WishInterval: who waits now and then does not wish more often for that", () => {
  const wishes = new WishInterval();
  wishesAt(wishes, 20);
  // It was sent one, which was of no use.
  for (let at = 0; at < 3; at++) assertEquals(wishes.tick(false), false);
  assertEquals(wishesAt(wishes, 20), [2, 12]);
});

Deno.test("WishInterval: who has wished for nothing for long begins anew", () => {
  const wishes = new WishInterval();
  wishesAt(wishes, 30);
  for (let at = 0; at < 31; at++) wishes.tick(false);
  assertEquals(wishesAt(wishes, 4), [0, 1, 3]);
});
