import { assert, assertEquals } from "@std/assert";
import { patience, PlaybackProgress } from "../../src/console/playback_progress.js";

Deno.test("PlaybackProgress counts silence from the last move, or from its start", () => {
  const progress = new PlaybackProgress(1000);
  assertEquals(progress.silentMs(1400), 400);
  assert(progress.moved(0.1, 1400));
  assertEquals(progress.silentMs(1400), 0);
  assert(!progress.moved(0.1, 2000));
  assertEquals(progress.silentMs(2000), 600);
  progress.excuse(2000);
  assertEquals(progress.silentMs(2100), 100);
});

Deno.test("PlaybackProgress starts to count steady time again after an interruption", () => {
  const progress = new PlaybackProgress(0);
  progress.moved(1, 1000);
  progress.moved(2, 2500); // 1500 ms: just not an interruption
  assertEquals(progress.steadyMs(2500), 2500);
  progress.moved(3, 4001);
  assertEquals(progress.steadyMs(4001), 0);
});

Deno.test("patience: a picture each 12 s is no stall, nor is what is not known yet", () => {
  const table = [
    [undefined, 1500, 10_000],
    [null, 1500, 10_000],
    [{ frameRate: 25, keyFrameDistanceMs: 2000 }, 1500, 10_000],
    [{ frameRate: 25, keyFrameDistanceMs: 20_000 }, 1500, 40_000],
    [{ frameRate: 1 / 12, keyFrameDistanceMs: null }, 24_000, 36_000],
    [{ frameRate: null, keyFrameDistanceMs: null }, 1500, 30_000],
  ] as const;
  for (const [video, stallMs, giveUpMs] of table) {
    const { stallMs: stall, giveUpMs: giveUp } = patience(video);
    assertEquals([Math.round(stall), Math.round(giveUp)], [stallMs, giveUpMs]);
  }
});
