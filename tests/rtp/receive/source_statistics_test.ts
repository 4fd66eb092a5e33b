import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { SourceStatistics } from "../../../src/rtp/receive/source_statistics.ts";
import { seededRandom } from "../../../testing/mutation.ts";

const TICKS_PER_MS = 90;

function taken(sequences: readonly number[]): SourceStatistics {
  const source = new SourceStatistics(90_000);
  for (const sequence of sequences) source.take(sequence, 0, 0);
  return source;
}

Deno.test("numbers do not wrap, whatever their order", () => {
  const source = new SourceStatistics(90_000);
  const cases: [number, number][] = [
    [65_534, 65_534],
    [0, 65_536],
    [65_535, 65_535],
    [900, 66_436],
    [1, 65_537],
  ];
  for (const [sequence, extended] of cases) {
    assertEquals(source.take(sequence, 0, 0), "near");
    assertEquals(source.extended, extended);
  }
  assertEquals(source.highest, 66_436);
});

Deno.test("loss: of the time between two reports, and since the beginning", () => {
  const source = taken([10, 11, 13]);
  assertEquals(source.report(), {
    lossFraction: 0.25,
    cumulativeLost: 1,
    extendedHighestSequence: 13,
    jitter: 0,
  });
  for (let sequence = 14; sequence < 30; sequence++) source.take(sequence, 0, 0);
  assertEquals([source.report().lossFraction, source.lost], [0, 1]);
  // What was lost comes late; then the same again.
  source.take(12, 0, 0);
  source.take(12, 0, 0);
  const late = source.report();
  assertEquals([late.lossFraction, late.cumulativeLost], [0, -1]);
  assertEquals(new SourceStatistics(90_000).report().lossFraction, 0);
});

Deno.test("loss stays within what a report can say", () => {
  const source = taken([0]);
  source.report();
  for (let round = 1; round < 4000; round++) source.take(round * 2500 & 0xffff, 0, 0);
  assertEquals(source.report().lossFraction, 255 / 256);
  assertEquals(source.report().cumulativeLost, 0x7f_ffff);
  const twice = taken([0]);
  for (let round = 0; round < 9_000_000; round++) twice.take(0, 0, 0);
  assertEquals(twice.report().cumulativeLost, -0x80_0000);
});

Deno.test("a source that has begun anew is believed with its second packet", () => {
  const source = taken([100, 101]);
  assertEquals(source.take(40_000, 0, 0), "far");
  assertEquals(source.take(102, 0, 0), "near", "one packet of another number changes nothing");
  assertEquals(source.take(40_001, 0, 0), "far", "that number is forgotten");
  assertEquals(source.take(40_002, 0, 0), "restarted");
  assertEquals(source.extended, 65_536 + 40_002, "after all that was before");
  assertEquals(source.take(40_003, 0, 0), "near");
  assertEquals([source.lost, source.received], [0, 2]);
});

Deno.test("jitter is that of RFC 3550, and knows no jumps of the clock", () => {
  const even = new SourceStatistics(90_000);
  for (let frame = 0; frame < 100; frame++) even.take(frame, frame * 3000, frame * 100 / 3);
  assert(even.jitterMs < 0.02);
  const uneven = new SourceStatistics(90_000);
  for (let frame = 0; frame < 400; frame++) {
    uneven.take(frame, frame * 20 * TICKS_PER_MS, frame * 20 + (frame % 2) * 8);
  }
  assertAlmostEquals(uneven.jitterMs, 8, 0.1);
  const { jitter } = uneven.report();
  assertAlmostEquals(jitter, 8 * TICKS_PER_MS, 10);
  uneven.take(400, 0xf000_0000, 8000);
  assertAlmostEquals(uneven.jitterMs, 8, 0.1);
});

Deno.test("whatever comes, what is reported can be reported", () => {
  const random = seededRandom(7);
  const source = new SourceStatistics(48_000);
  for (let round = 0; round < 100_000; round++) {
    source.take(random() * 0x1_0000 | 0, random() * 2 ** 32 >>> 0, random() * 1e9);
    if (round % 10 > 0) continue;
    const report = source.report();
    assert(report.lossFraction >= 0 && report.lossFraction < 1);
    assert(report.jitter >= 0 && report.jitter < 2 ** 32);
    assert(report.extendedHighestSequence >= 0 && report.extendedHighestSequence < 2 ** 32);
    assert(Number.isInteger(report.cumulativeLost));
  }
});
