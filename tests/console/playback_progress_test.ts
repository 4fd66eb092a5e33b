import { assert, assertEquals } from "@std/assert";
import { PlaybackProgress } from "../../src/console/playback_progress.js";

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
