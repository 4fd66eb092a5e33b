import { assertEquals } from "@std/assert";
import { TrackStatistics } from "../../src/stream/track_statistics.ts";

Deno.test("TrackStatistics: rates of the last full window, by media time", () => {
  const statistics = new TrackStatistics();
  for (let frame = 0; frame < 50; frame++) {
    statistics.addFrame(frame * 40, 500, frame % 25 === 0);
    assertEquals([statistics.frameRate, statistics.bitrateBps], [undefined, undefined]);
  }
  statistics.addFrame(2000, 999_999, true);
  assertEquals([statistics.frameRate, statistics.bitrateBps], [25, 100_000]);
  assertEquals([statistics.keyFrameDistanceMs, statistics.frames], [1000, 51]);
});

Deno.test("TrackStatistics: a slower rate shows after its window", () => {
  const statistics = new TrackStatistics();
  for (let timestampMs = 0; timestampMs <= 2000; timestampMs += 20) {
    statistics.addFrame(timestampMs, 100, false);
  }
  assertEquals([statistics.frameRate, statistics.bitrateBps], [50, 40_000]);
  for (let timestampMs = 2100; timestampMs <= 4000; timestampMs += 100) {
    statistics.addFrame(timestampMs, 100, false);
  }
  assertEquals([statistics.frameRate, statistics.bitrateBps], [10, 8000]);
});

Deno.test("TrackStatistics: a window spans a gap, and the wrap of timestamps", () => {
  const gap = new TrackStatistics();
  gap.addFrame(0, 1000, true);
  gap.addFrame(8000, 1000, true);
  assertEquals([gap.frameRate, gap.bitrateBps, gap.keyFrameDistanceMs], [0.125, 1000, 8000]);
  const wrap = new TrackStatistics();
  for (let step = -1000; step <= 1000; step += 40) {
    wrap.addFrame((0x80000000 + step) | 0, 500, step === -1000 || step === 0);
  }
  assertEquals([wrap.frameRate, wrap.bitrateBps], [25, 100_000]);
  assertEquals(wrap.keyFrameDistanceMs, 1000);
});
