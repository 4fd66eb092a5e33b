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

Deno.test("FarLoss: on where much is lost far away, at once, and held by two round trips", () => {
  const cases: readonly (readonly [number[], number | undefined, boolean, number])[] = [
    [[0.05], 150, true, 350],
    [[0.02], 150, false, 0],
    [[0.02, 0.02], 150, true, 350],
    [[0.01, 0, 0.01, 0, 0.005, 0], 150, false, 0],
    [[0.1, 0.1, 0.1], 80, false, 0],
    [[0.1, 0.1, 0.1], 5, false, 0],
    [[0.1], undefined, false, 0],
    [[0.1], 90, true, 250],
    [[0.1], 600, true, 500],
    [[0.1], Infinity, true, 500],
  ];
  for (const [losses, roundTripMs, isOn, heldMs] of cases) {
    const far = new FarLoss();
    report(far, losses, roundTripMs);
    assertEquals([far.isOn, far.heldMs], [isOn, heldMs], `${losses}, ${roundTripMs} ms`);
  }
});

Deno.test("FarLoss: how long pictures are held rises at once, and one report of many changes nothing", () => {
  const far = new FarLoss();
  report(far, [0.05, 0.05], 150);
  far.takeLoss(0.05, 210, 2000);
  assertEquals(far.heldMs, 350, "a round trip that was long once");
  far.takeLoss(0.05, 210, 3000);
  assertEquals(far.heldMs, 500);
  const held = new Set<number>();
  for (let at = 0; at < 120; at++) {
    far.takeLoss(at % 3 === 0 ? 0.02 : 0.06, 195 + at % 25, 4000 + 1000 * at);
    held.add(far.heldMs);
  }
  assertEquals([...held], [500]);
});

Deno.test("FarLoss: when nothing is lost any more, it ends soon, and holds less step by step", () => {
  const far = new FarLoss();
  report(far, [0.05, 0.05], 150);
  let nowMs = 1000;
  const fell: number[] = [];
  for (let before = far.heldMs; far.heldMs > 0; before = far.heldMs) {
    far.takeLoss(0, 150, nowMs += 1000);
    if (far.heldMs < before) fell.push(nowMs);
    if (nowMs === 8000) assertEquals([far.isOn, far.heldMs], [false, 350]);
  }
  const first = fell[0]!;
  // A few seconds count as lossy still.
  assertEquals(first > FALL_AFTER_MS && first <= FALL_AFTER_MS + 8000, true, `${first}`);
  assertEquals(fell, fell.map((_, at) => first + at * FALL_INTERVAL_MS));
  assertEquals(fell.length, 7);
  far.takeLoss(0.05, 150, nowMs + 1000);
  assertEquals([far.isOn, far.heldMs], [true, 350]);
});
