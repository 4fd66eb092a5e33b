import { assert, assertEquals } from "@std/assert";
import { AudioSmoother } from "../../src/stream/audio_smoother.ts";
import { seededRandom } from "../../testing/mutation.ts";

const DURATION_MS = 1024 * 1000 / 44_100;

/** The stamps of `count` frames, and what becomes of them. */
function smoothed(count: number, stampOf: (frame: number) => number): [number[], number[]] {
  const smoother = new AudioSmoother();
  const stamps = Array.from({ length: count }, (_, frame) => stampOf(frame));
  return [stamps, stamps.map((stampMs) => smoother.smooth(stampMs, DURATION_MS))];
}

Deno.test("AudioSmoother: lets alone who counts right, rounded up, down or to the nearest", () => {
  for (const round of [Math.round, Math.floor, Math.ceil]) {
    const [stamps, out] = smoothed(2000, (frame) => round(frame * DURATION_MS));
    assertEquals(out, stamps);
  }
});

Deno.test("AudioSmoother: lets alone missing frames and gaps now and then", () => {
  const [stamps, out] = smoothed(
    2000,
    (frame) =>
      Math.round((frame + Math.floor(frame / 50)) * DURATION_MS) + (frame > 999 ? 9000 : 0),
  );
  assertEquals(out, stamps);
});

Deno.test("AudioSmoother: lets alone stamps of frames that last otherwise than is thought", () => {
  for (const factor of [0.5, 2]) {
    const [stamps, out] = smoothed(2000, (frame) => Math.round(frame * DURATION_MS * factor));
    assertEquals(out, stamps);
  }
});

Deno.test("AudioSmoother: evens out buffers of two and four frames, and noise", () => {
  const random = seededRandom(7);
  const habits: readonly ((frame: number) => number)[] = [
    (frame) => Math.floor(frame / 2) * 2 * DURATION_MS,
    (frame) => Math.floor(frame / 4) * 4 * DURATION_MS,
    (frame) => frame * DURATION_MS + (random() - 0.5) * 40,
  ];
  for (const habit of habits) {
    const [stamps, out] = smoothed(4000, (frame) => Math.round(habit(frame)));
    for (let frame = 500; frame < out.length; frame++) {
      const stepMs = out[frame]! - out[frame - 1]!;
      assert(Math.abs(stepMs - DURATION_MS) <= 6, `step ${stepMs} at ${frame}`);
      assert(Math.abs(out[frame]! - stamps[frame]!) <= 70, `off ${out[frame]! - stamps[frame]!}`);
    }
  }
});

Deno.test("AudioSmoother: follows a drifting clock, across the wrap of 32 bits", () => {
  const smoother = new AudioSmoother();
  for (let frame = 0; frame < 4000; frame++) {
    // 1,000 ppm fast, in pairs.
    const stampMs = (0x7fff_ff00 + Math.round((frame & ~1) * DURATION_MS * 1.001)) | 0;
    const off = (smoother.smooth(stampMs, DURATION_MS) - stampMs) | 0;
    assert(Math.abs(off) <= 40, `${off} at ${frame}`);
  }
  assert(smoother.isUneven);
});

Deno.test("AudioSmoother: lets go when the stamps are even again", () => {
  const smoother = new AudioSmoother();
  const stamp = (frame: number) => Math.round(DURATION_MS * (frame < 300 ? frame & ~1 : frame));
  for (let frame = 0; frame < 300; frame++) smoother.smooth(stamp(frame), DURATION_MS);
  assert(smoother.isUneven);
  for (let frame = 300; frame < 500; frame++) smoother.smooth(stamp(frame), DURATION_MS);
  assert(!smoother.isUneven);
  assertEquals(smoother.smooth(stamp(500), DURATION_MS), stamp(500));
});
