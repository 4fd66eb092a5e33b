import { assert, assertEquals } from "@std/assert";
import { NarrowViewer, referenceAt } from "./narrow_viewer.ts";

const CUT_MS = 5000;
const RELIEF_MS = 35_000;
const END_MS = 50_000;

/** All pictures take 2 Mbit/s; without T2, half of it. */
const CAPACITY_BPS = 1_600_000;

const FRAME_MS = 100 / 3;

Deno.test("RtpViewer: of temporal layers, a viewer is sent those that its link carries, evenly", () => {
  const narrow = new NarrowViewer({ hasLayers: true });
  narrow.run(CUT_MS);
  narrow.link.change({ capacityBps: CAPACITY_BPS }, CUT_MS);
  narrow.run(RELIEF_MS);
  assertEquals(narrow.opened.viewer.quality, "referenced");
  narrow.link.change({ capacityBps: 100e6 }, RELIEF_MS);
  narrow.run(END_MS);
  // When it has settled: every second picture, be it that key frames take longer.
  const [fromMs, untilMs] = [CUT_MS + 10_000, RELIEF_MS - 1000];
  const share = narrow.decoded(fromMs, untilMs).length * FRAME_MS / (untilMs - fromMs);
  assert(share > 0.45 && share < 0.8, `${share}`);
  const gapMs = narrow.longestGapMs(fromMs, untilMs);
  assert(gapMs < 400, `${gapMs}`);
  assert(narrow.missedSound(fromMs, untilMs) < 0.02);
  // No picture is sent without the one that it refers to.
  const isSent = narrow.pictures.map(({ sent, begin, end }) => sent.size === end - begin);
  for (const [at, { atMs, isKeyFrame, sent }] of narrow.pictures.entries()) {
    if (atMs < fromMs || isKeyFrame || sent.size === 0) continue;
    assert(isSent[referenceAt(at)], `picture ${at} lacks ${referenceAt(at)}`);
  }
  // All come again when there is room.
  const last = narrow.pictures.filter(({ atMs }) => atMs > END_MS - 5000 && atMs < END_MS - 500);
  assertEquals(last.filter(({ decodedMs }) => decodedMs === undefined).length, 0);
  assertEquals(narrow.opened.viewer.quality, "all");
});

Deno.test("RtpViewer: who waits for a key frame for want of room says so, more and more rarely", () => {
  const narrow = new NarrowViewer();
  narrow.run(CUT_MS);
  assertEquals(narrow.opened.events.keyFrameWaits, 0);
  narrow.link.change({ capacityBps: 400_000 }, CUT_MS);
  narrow.run(RELIEF_MS);
  const waits = narrow.opened.events.keyFrameWaits;
  const seconds = (RELIEF_MS - CUT_MS) / 1000;
  assert(waits > 0 && waits <= seconds / 2, `${waits} in ${seconds} s`);
  narrow.link.change({ capacityBps: 100e6 }, RELIEF_MS);
  narrow.run(END_MS - 5000);
  const before = narrow.opened.events.keyFrameWaits;
  narrow.run(END_MS);
  assertEquals(narrow.opened.events.keyFrameWaits, before);
});
