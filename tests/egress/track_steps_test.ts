import { assertEquals } from "@std/assert";
import { TrackSteps } from "../../src/egress/track_steps.ts";

const LIVE = { lagMs: 0, hasKeyFrameAhead: false, isOvertaken: false };
const LAGGING = { lagMs: 4000, hasKeyFrameAhead: true, isOvertaken: false };

/** The first moment from `timeMs` on at which a viewer that keeps up is tried with more. */
function triedAt(steps: TrackSteps, timeMs: number): number {
  for (;; timeMs += 100) {
    if (steps.next(LIVE, timeMs) === "up") return timeMs;
  }
}

Deno.test("TrackSteps: who lags goes down, where that brings it closer", () => {
  const steps = new TrackSteps();
  assertEquals(steps.next(LIVE, 0), undefined);
  assertEquals(steps.next({ ...LAGGING, lagMs: 2900 }, 0), undefined);
  // It has joined at the newest key frame, which is long past.
  assertEquals(steps.next({ ...LAGGING, hasKeyFrameAhead: false }, 0), undefined);
  assertEquals(steps.next(LAGGING, 0), "down");
  assertEquals(steps.next({ ...LIVE, isOvertaken: true }, 0), "down");
});

Deno.test("TrackSteps: where there are no smaller pictures, they are looked for every second", () => {
  const steps = new TrackSteps();
  assertEquals(steps.next(LAGGING, 0), "down");
  steps.refused(0);
  assertEquals(steps.next(LAGGING, 900), undefined);
  assertEquals(steps.next(LAGGING, 1000), "down");
});

Deno.test("TrackSteps: who keeps up is tried with more, later after each try in vain", () => {
  const steps = new TrackSteps();
  steps.stepped("down", 0);
  assertEquals(triedAt(steps, 0), 10_000);
  steps.stepped("up", 10_000);
  // It bears that for a while, so the next time is like the first.
  assertEquals(steps.next(LAGGING, 40_000), "down");
  steps.stepped("down", 40_000);
  assertEquals(triedAt(steps, 40_000), 50_000);
  steps.stepped("up", 50_000);
  assertEquals(steps.next(LAGGING, 55_000), "down");
  steps.stepped("down", 55_000);
  assertEquals(triedAt(steps, 55_000), 75_000);
  steps.stepped("up", 75_000);
  steps.stepped("down", 80_000);
  // Lag in between begins the wait anew.
  assertEquals(steps.next({ ...LIVE, lagMs: 800 }, 90_000), undefined);
  assertEquals(triedAt(steps, 100_000), 130_000);
});
