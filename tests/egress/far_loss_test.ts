import { assertEquals } from "@std/assert";
import { FarLoss } from "../../src/egress/far_loss.ts";

const FALL_AFTER_MS = 10_000;
const FALL_INTERVAL_MS = 3000;

/** A report a second, from `fromMs` on. */
function report(
  far: FarLoss,
  losses: readonly number[],
  roundTripMs: number | undefined,
  fromMs = 0,
): void {
  losses.forEach((loss, at) => far.takeLoss(loss, roundTripMs, fromMs + 1000 * at));
}

Deno.test("FarLoss: on where much is lost far away, at once, and held by one and a half round trips", () => {
  const cases: readonly (readonly [number[], number | undefined, boolean, number])[] = [
    [[0.05], 150, true, 200],
    [[0.05, 0.05], 150, true, 250],
    [[0.05, 0.05, 0.05, 0.05], 150, true, 300],
    [[0.015], 150, false, 0],
    [[0.02], 150, true, 200],
    [[0.015, 0.015], 150, true, 200],
    [[0.01, 0, 0.01, 0, 0.005, 0], 150, false, 0],
    [[0.1, 0.1], 90, true, 200],
    [Array(9).fill(0.1), 600, true, 500],
    [Array(9).fill(0.1), Infinity, true, 500],
  ];
  for (const [losses, roundTripMs, isOn, heldMs] of cases) {
    const far = new FarLoss();
    report(far, losses, roundTripMs);
    assertEquals([far.isOn, far.heldMs], [isOn, heldMs], `${losses}, ${roundTripMs} ms`);
  }
});

Deno.test("FarLoss: who is near and loses much is sent it twice, and its pictures are held a little", () => {
  const cases: readonly (readonly [number[], number | undefined, boolean, number])[] = [
    [[0.03], 5, false, 0],
    [[0.03, 0.01], 5, false, 0],
    [[0.05], 5, true, 0],
    [[0.05, 0.05], 5, true, 150],
    [[0.1, 0.1, 0.1], 80, true, 150],
    [[0.1], undefined, true, 150],
  ];
  for (const [losses, roundTripMs, isTwice, heldMs] of cases) {
    const far = new FarLoss();
    report(far, losses, roundTripMs);
    assertEquals([far.isOn, far.isTwice, far.heldMs], [false, isTwice, heldMs], `${losses}`);
  }
});

Deno.test("FarLoss: how long pictures are held rises with each report, and one of many changes nothing", () => {
  const far = new FarLoss();
  report(far, [0.05, 0.05, 0.05], 150);
  far.takeLoss(0.05, 290, 3000);
  assertEquals(far.heldMs, 300, "a round trip that was long once");
  report(far, Array(4).fill(0.05), 290, 4000);
  assertEquals(far.heldMs, 500);
  const held = new Set<number>();
  for (let at = 0; at < 120; at++) {
    far.takeLoss(at % 3 === 0 ? 0.02 : 0.06, 275 + at % 25, 8000 + 1000 * at);
    held.add(far.heldMs);
  }
  assertEquals([...held], [500]);
});

Deno.test("FarLoss: when nothing is lost any more, it ends soon, and holds less step by step", () => {
  const far = new FarLoss();
  report(far, [0.05, 0.05, 0.05], 150);
  let nowMs = 2000;
  const fell: number[] = [];
  for (let before = far.heldMs; far.heldMs > 0; before = far.heldMs) {
    far.takeLoss(0, 150, nowMs += 1000);
    if (far.heldMs < before) fell.push(nowMs);
    if (nowMs === 10_000) assertEquals([far.isOn, far.heldMs], [false, 300]);
  }
  const first = fell[0]!;
  // A few seconds count as lossy still.
  assertEquals(first > FALL_AFTER_MS && first <= FALL_AFTER_MS + 9000, true, `${first}`);
  assertEquals(fell, fell.map((_, at) => first + at * FALL_INTERVAL_MS));
  assertEquals(fell.length, 6);
  far.takeLoss(0.05, 150, nowMs + 1000);
  assertEquals([far.isOn, far.heldMs], [true, 200]);
});
