import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ByteRate } from "../../src/stream/byte_rate.ts";

Deno.test("a rate is right from the first second, and follows what changes within a minute", () => {
  const rate = new ByteRate();
  assertEquals(rate.kbps, 0);
  const note = (seconds: number, kbps: number) => {
    for (let second = 0; second < seconds; second++) rate.note(kbps * 125, 1000);
    return rate.kbps;
  };
  assertEquals(note(1, 800), 800);
  assertEquals(note(20, 800), 800);
  assertAlmostEquals(note(60, 100), 100, 20);
  // However long nobody has looked: what comes after is not outweighed by it.
  rate.note(0, 3_600_000);
  assertEquals(rate.kbps, 0);
  assertAlmostEquals(note(60, 500), 500, 20);
});
