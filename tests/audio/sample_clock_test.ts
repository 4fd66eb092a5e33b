import { assert, assertEquals } from "@std/assert";
import { type Continuity, SampleClock } from "../../src/audio/sample_clock.ts";

/** A clock at 48 kHz that has counted `units` access units of 1024 from `startMs`. */
function clockAfter(units: number, startMs = 0): SampleClock {
  const clock = new SampleClock(48_000, 1024);
  clock.start(startMs);
  clock.add(units * 1024);
  return clock;
}

/** Offsets of a timestamp from where it is due; an access unit is 21.333 ms. */
const TABLE: readonly (readonly [offsetMs: number, continuity: Continuity])[] = [
  [0, "continuous"],
  [1, "continuous"],
  [-1, "continuous"],
  [12, "continuous"],
  [13, 1024],
  [21, 1024],
  [43, 2048],
  [60, 3072],
  [64, 3072],
  [75, 75 * 48],
  [1000, 1000 * 48],
  [1001, "restart"],
  [1e9, "restart"],
  [-60, "continuous"],
  [-61, "restart"],
  [-1e9, "restart"],
];

Deno.test("SampleClock: judges by how late a timestamp is", () => {
  for (const startMs of [0, 0x7fff_fff0, -20, -0x8000_0000]) {
    const clock = clockAfter(3, startMs); // 64 ms
    for (const [offsetMs, continuity] of TABLE) {
      const timestampMs = (startMs + 64 + offsetMs) | 0;
      assertEquals(clock.judge(timestampMs), continuity, `${startMs} and ${offsetMs} ms`);
      assertEquals(clock.judge(timestampMs >>> 0), continuity, "unsigned as well");
    }
  }
});

Deno.test("SampleClock: an hour of rounded or cut timestamps is continuous", () => {
  for (const round of [Math.round, Math.floor]) {
    const clock = new SampleClock(44_100, 1024);
    clock.start(0);
    for (let unit = 0; unit < 155_000; unit++) {
      const timestampMs = round((unit * 1024) / 44.1) + (unit % 3) - 1;
      assertEquals(clock.judge(timestampMs), "continuous");
      clock.add(1024);
    }
    assert(Math.abs(clock.timeMs - (155_000 * 1024) / 44.1) < 0.001);
  }
});

Deno.test("SampleClock: sound that is ahead for long, and always, starts anew", () => {
  const judge = (lateMs: (unit: number) => number) => {
    const clock = clockAfter(0);
    for (let unit = 0; unit < 2000; unit++) {
      if (clock.judge(Math.round(clock.timeMs + lateMs(unit))) === "restart") return unit;
      clock.add(1024);
    }
    return undefined;
  };
  assertEquals(judge(() => -20), 499);
  assertEquals(judge((unit) => unit < 100 ? 0 : -40), 599);
  assertEquals(judge((unit) => unit % 400 === 0 ? -5 : -40), undefined);
  assertEquals(judge(() => -12), undefined);
});
