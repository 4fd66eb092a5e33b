import { assertEquals } from "@std/assert";
import { Pace } from "../../../src/shard/rtmp/pace.ts";

Deno.test("Pace: a burst at once, then one an interval", () => {
  const pace = new Pace(3, 100);
  assertEquals([0, 0, 0, 0, 0].map((nowMs) => pace.waitMs(nowMs)), [0, 0, 0, 100, 200]);
});

Deno.test("Pace: what is not used comes back, up to the burst", () => {
  const pace = new Pace(2, 100);
  assertEquals([0, 0, 100, 150].map((nowMs) => pace.waitMs(nowMs)), [0, 0, 0, 50]);
  assertEquals([9000, 9000, 9000].map((nowMs) => pace.waitMs(nowMs)), [0, 0, 100]);
});
