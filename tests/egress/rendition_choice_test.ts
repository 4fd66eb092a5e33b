import { assert, assertEquals } from "@std/assert";
import { linkBps, neededBps, RenditionChoice } from "../../src/egress/rendition_choice.ts";
import type { Rendition } from "../../src/stream/renditions.ts";

/** Of 2.0, 0.7 and 0.25 Mbit/s. */
const [LARGE, MIDDLE, SMALL] = [0, 1, 2];
const RENDITIONS: readonly Rendition[] = [2_000_000, 700_000, 250_000].map((
  bitrateBps,
  trackId,
) => ({
  trackId,
  isDefault: trackId === LARGE,
  codec: "h264",
  width: 640,
  height: 360,
  bitrateBps,
  frameRate: 30,
  keyFrameDistanceMs: 2000,
}));

/** For the largest, with little more. */
const ENOUGH = { roomBps: 2_400_000, lagMs: 0 };

Deno.test("RenditionChoice: a packet takes more of a link than its payload", () => {
  assertEquals(linkBps(RENDITIONS[SMALL]!), 262_000);
  assertEquals(linkBps(RENDITIONS[LARGE]!), 2_080_000);
});

Deno.test("RenditionChoice: what does not fit gives way at once to the largest that does", () => {
  const rooms = [
    [10_000_000, LARGE],
    // A little too much is borne, by who does not lag.
    [1_900_000, LARGE],
    [1_800_000, MIDDLE],
    [730_000, MIDDLE],
    [720_000, SMALL],
    // Nothing fits, so the least is sent.
    [100_000, SMALL],
  ] as const;
  for (const [roomBps, chosen] of rooms) {
    const choice = new RenditionChoice();
    assertEquals(choice.choose(RENDITIONS, LARGE, { roomBps, lagMs: 0, nowMs: 0 }), chosen);
  }
  const lagging = { roomBps: 1_900_000, lagMs: 300, nowMs: 0 };
  assertEquals(new RenditionChoice().choose(RENDITIONS, LARGE, lagging), MIDDLE);
  const starving = { roomBps: 100_000, lagMs: 900, nowMs: 0 };
  assertEquals(new RenditionChoice().choose(RENDITIONS, SMALL, starving), SMALL);
});

Deno.test("RenditionChoice: a larger one must fit with something to spare, and for who is live", () => {
  const choose = (roomBps: number, lagMs = 0) =>
    new RenditionChoice().choose(RENDITIONS, SMALL, { roomBps, lagMs, nowMs: 0 });
  assertEquals(choose(740_000), SMALL);
  assertEquals(choose(neededBps(RENDITIONS[MIDDLE]!)), MIDDLE);
  assertEquals(choose(2_130_000), MIDDLE);
  assertEquals(choose(neededBps(RENDITIONS[LARGE]!)), LARGE);
  assertEquals(choose(10_000_000, 300), SMALL);
});

Deno.test("RenditionChoice: what was tried in vain is left alone, longer each time", () => {
  const choice = new RenditionChoice();
  const NARROW = { roomBps: 500_000, lagMs: 0 };
  let nowMs = 0;
  const waits: number[] = [];
  for (let tries = 0; tries < 3; tries++) {
    assertEquals(choice.choose(RENDITIONS, SMALL, { ...ENOUGH, nowMs }), LARGE);
    nowMs += 3000;
    assertEquals(choice.choose(RENDITIONS, LARGE, { ...NARROW, nowMs }), SMALL);
    const downMs = nowMs;
    // The one between was not tried.
    assertEquals(choice.choose(RENDITIONS, SMALL, { ...ENOUGH, nowMs }), MIDDLE);
    while (choice.choose(RENDITIONS, MIDDLE, { ...ENOUGH, nowMs }) !== LARGE) nowMs += 100;
    waits.push(nowMs - downMs);
    nowMs += 3000;
    choice.choose(RENDITIONS, LARGE, { ...NARROW, nowMs });
    nowMs += 200_000;
  }
  assert(waits[0]! >= 10_000 && waits[0]! < 10_200, `${waits}`);
  assert(waits[1]! > waits[0]! && waits[2]! > waits[1]!, `${waits}`);
  // One that bears for a while is not left alone for long.
  assertEquals(choice.choose(RENDITIONS, SMALL, { ...ENOUGH, nowMs }), LARGE);
  nowMs += 30_000;
  assertEquals(choice.choose(RENDITIONS, LARGE, { ...NARROW, nowMs }), SMALL);
  assertEquals(choice.choose(RENDITIONS, SMALL, { ...ENOUGH, nowMs }), LARGE);
});

Deno.test("RenditionChoice: what was tried in vain is tried at once where there is ample room", () => {
  const choice = new RenditionChoice();
  assertEquals(choice.choose(RENDITIONS, SMALL, { ...ENOUGH, nowMs: 0 }), LARGE);
  assertEquals(
    choice.choose(RENDITIONS, LARGE, { roomBps: 300_000, lagMs: 0, nowMs: 2000 }),
    SMALL,
  );
  assertEquals(choice.choose(RENDITIONS, SMALL, { ...ENOUGH, nowMs: 3000 }), MIDDLE);
  const ample = { roomBps: 4_000_000, lagMs: 0, nowMs: 3000 };
  assertEquals(choice.choose(RENDITIONS, SMALL, ample), LARGE);
});

Deno.test("RenditionChoice: one that is no more gives way to what fits", () => {
  const choice = new RenditionChoice();
  const room = { roomBps: 800_000, lagMs: 0, nowMs: 0 };
  assertEquals(choice.choose(RENDITIONS, 9, room), MIDDLE);
  assertEquals(choice.choose([], 9, room), 9);
});
