import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import {
  type H264PictureVerdict,
  H264ReferenceTracker,
} from "../../../src/codec/h264/reference_tracker.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import {
  accessUnitOf,
  type MadePps,
  type MadeSlice,
  type MadeSps,
  makePps,
  makeSlice,
  makeSps,
} from "../../../testing/media/h264_streams.ts";

/** "exact", "drop", or the reason; and the slices of the picture. */
type Step = readonly [expected: string, ...slices: MadeSlice[]];

interface Case {
  readonly name: string;
  readonly sps?: MadeSps;
  readonly pps?: MadePps;
  readonly steps: readonly Step[];
}

const IDR: MadeSlice = { type: "I", isIdr: true };
const i = (frameNum: number, order: number, more: Partial<MadeSlice> = {}): MadeSlice => ({
  type: "I",
  frameNum,
  order,
  ...more,
});
const p = (frameNum: number, order: number, more: Partial<MadeSlice> = {}): MadeSlice => ({
  ...i(frameNum, order, more),
  type: "P",
});
const b = (frameNum: number, order: number, more: Partial<MadeSlice> = {}): MadeSlice => ({
  ...i(frameNum, order, more),
  type: "B",
});
/** A B picture that others may refer to. */
const bRef = (frameNum: number, order: number, more: Partial<MadeSlice> = {}): MadeSlice =>
  b(frameNum, order, { ...more, isReference: true });
/** Puts the frame of frame_num - `difference` first, and uses nothing else. */
const only = (difference: number): Partial<MadeSlice> => ({
  active: 1,
  modifications: [[0, difference - 1]],
});
const unmark = (difference: number): Partial<MadeSlice> => ({ markings: [[1, difference - 1]] });

const CASES: readonly Case[] = [
  {
    name: "B pictures that are no references",
    steps: [
      ["exact", IDR],
      ["exact", p(1, 8)],
      ["drop", b(2, 4)],
      ["drop", b(2, 2)],
      ["exact", p(2, 16, { active: 2 })],
      ["drop", b(3, 12)],
      ["exact", p(3, 18, { active: 2 })],
    ],
  },
  {
    name: "a list with a dropped B, what refers to it, and what does not",
    sps: { maxRefFrames: 4 },
    steps: [
      ["exact", IDR],
      ["exact", p(1, 8)],
      ["drop", bRef(2, 4)],
      ["refers-to-dropped", p(3, 16)],
      ["refers-to-inexact", p(4, 18)],
      ["exact", p(5, 20, only(4))],
      ["exact", i(6, 22)],
      ["exact", p(7, 24, { active: 2 })],
      ["refers-to-inexact", p(8, 26, { active: 4 })],
      ["exact", IDR],
    ],
  },
  {
    name: "a list in which a dropped B follows, and one cut off before it",
    sps: { maxRefFrames: 4 },
    steps: [
      ["exact", IDR],
      ["exact", p(1, 8)],
      ["drop", bRef(2, 4)],
      ["exact", p(3, 16, { active: 2, modifications: [[0, 1], [0, 0]] })],
      ["refers-to-dropped", p(4, 18, { active: 2 })],
      ["exact", p(5, 20, { active: 2, modifications: [[0, 1], [0, 1]] })],
    ],
  },
  {
    name: "every slice of a picture counts",
    sps: { maxRefFrames: 4 },
    steps: [
      ["exact", IDR, i(0, 0, { isIdr: true, firstMb: 120 })],
      ["exact", p(1, 8)],
      ["drop", bRef(2, 4), i(2, 4, { firstMb: 120 })],
      ["refers-to-dropped", p(3, 16, only(2)), p(3, 16, { firstMb: 120 })],
      ["exact", i(4, 18), p(4, 18, { firstMb: 120, ...only(3) })],
    ],
  },
  {
    name: "a dropped B that marked: the receiver keeps another frame",
    sps: { maxRefFrames: 3 },
    steps: [
      ["exact", IDR],
      ["exact", p(1, 8)],
      ["drop", bRef(2, 4, unmark(1))],
      ["exact", p(3, 16, only(3))],
      // The full stream's decoder has 3, 2 and 0; the receiver 3, a gap and 1.
      ["refers-to-dropped", p(4, 18, { active: 3, modifications: [[0, 0], [0, 2]] })],
      ["exact", p(5, 20, only(2))],
    ],
  },
  {
    name: "a marking that finds nothing leaves the receiver with too many frames",
    steps: [
      ["exact", IDR],
      ["exact", p(1, 8)],
      ["drop", bRef(2, 4, unmark(1))],
      ["refers-to-dropped", p(3, 16, { ...only(3), ...unmark(3) })],
      ["undefined-references", p(4, 18)],
      ["exact", IDR],
      ["exact", p(1, 2)],
    ],
  },
  {
    name: "frame_num wraps, and the window slides",
    sps: { maxRefFrames: 3 },
    steps: [
      ["exact", IDR],
      ...Array.from({ length: 20 }, (_, at): Step[] => [
        ["exact", p((2 * at + 1) % 16, (8 * at + 8) % 64, at > 0 ? only(2) : {})],
        ["drop", bRef((2 * at + 2) % 16, (8 * at + 4) % 64)],
      ]).flat(),
    ],
  },
  {
    name: "frames for long-term reference",
    sps: { maxRefFrames: 3 },
    steps: [
      ["exact", { ...IDR, isLongTermIdr: true }],
      ["exact", p(1, 8)],
      ["drop", bRef(2, 4)],
      ["exact", p(3, 16, { active: 1, modifications: [[2, 0]] })],
      ["exact", p(4, 18, { active: 2, modifications: [[0, 0], [2, 0]] })],
      // 4 and 3 for short-term, then 0.
      ["exact", p(5, 20, { active: 3 })],
      ["exact", p(6, 22, { markings: [[1, 1], [3, 0, 1], [4, 2]] })],
      ["exact", p(7, 24, { active: 1, modifications: [[2, 1]], markings: [[2, 1]] })],
      ["exact", p(8, 26, { active: 3, markings: [[6, 0]] })],
      ["undefined-references", p(9, 28, { active: 1, modifications: [[2, 1]] })],
    ],
  },
  {
    name: "a B for long-term reference",
    sps: { maxRefFrames: 4 },
    steps: [
      ["exact", IDR],
      ["exact", p(1, 8)],
      ["drop", bRef(2, 4, { markings: [[4, 2], [6, 1]] })],
      // The receiver has a gap for short-term reference, the full stream's decoder has not.
      ["refers-to-dropped", p(3, 16)],
      ["exact", p(4, 18, only(3))],
      ["refers-to-dropped", p(5, 20, { active: 1, modifications: [[2, 1]] })],
    ],
  },
  {
    name: "a reset: frame_num and order begin anew",
    sps: { maxRefFrames: 4 },
    steps: [
      ["exact", IDR],
      ["exact", p(1, 30)],
      ["drop", bRef(2, 4)],
      ["exact", p(3, 20, { ...only(2), markings: [[5]] })],
      ["exact", p(1, 4, { active: 4 })],
      ["drop", b(2, 2)],
      ["exact", p(2, 8, { active: 4 })],
    ],
  },
  {
    name: "shown before an earlier one, whatever its slices",
    steps: [
      ["exact", IDR],
      ["exact", p(1, 8)],
      ["drop", p(2, 4)],
      ["drop", i(3, 6)],
      ["refers-to-dropped", p(4, 10)],
    ],
  },
  {
    name: "B pictures in order, where the SPS rules out reordering",
    sps: { maxReorderFrames: 0 },
    steps: [["exact", IDR], ["exact", b(1, 2)], ["exact", bRef(1, 4)], ["exact", p(2, 6)]],
  },
  {
    name: "B pictures in order by an order of type 2",
    sps: { picOrderCntType: 2 },
    steps: [
      ["exact", { ...IDR, writeOrder: () => {} }],
      ["exact", bRef(1, 0, { writeOrder: () => {} })],
      ["exact", p(2, 0, { writeOrder: () => {} })],
    ],
  },
  {
    name: "B pictures in order, where the SPS does not",
    sps: { maxReorderFrames: 2 },
    steps: [["exact", IDR], ["drop", b(1, 2)], ["exact", p(1, 4)]],
  },
  {
    name: "order of type 1: 4, 12 and 16 for references, 2 less for others",
    sps: { picOrderCntType: 1, maxRefFrames: 4 },
    steps: [
      ["exact", { ...IDR, writeOrder: (bits) => bits.se(0) }],
      ["exact", p(1, 0, { writeOrder: (bits) => bits.se(0) })],
      ["exact", p(2, 0, { writeOrder: (bits) => bits.se(0) })],
      ["drop", p(3, 0, { isReference: false, writeOrder: (bits) => bits.se(0) })],
      ["exact", p(3, 0, { writeOrder: (bits) => bits.se(0), active: 3 })],
      ["exact", p(4, 0, { isReference: false, writeOrder: (bits) => bits.se(3), active: 4 })],
    ],
  },
  {
    name: "a gap that decoders measure in two ways",
    sps: { maxRefFrames: 4 },
    steps: [
      ["exact", IDR],
      ["exact", p(1, 8, { isReference: false })],
      ["drop", bRef(1, 4)],
      ["undefined-references", p(2, 16, only(2))],
      ["undefined-references", p(3, 18)],
      ["exact", i(4, 20)],
    ],
  },
  {
    name: "a picture lost by the publisher: alike in both as long as nothing is dropped",
    sps: { maxRefFrames: 4 },
    steps: [
      ["exact", IDR],
      ["exact", p(1, 2)],
      ["exact", p(3, 10)],
      ["drop", b(4, 8)],
      ["exact", p(4, 12)],
      ["undefined-references", p(5, 14, { active: 3 })],
    ],
  },
  {
    name: "a gap that the SPS allows is never referred to",
    sps: { maxRefFrames: 4, allowsFrameNumGaps: true },
    steps: [
      ["exact", IDR],
      ["exact", p(1, 2)],
      ["exact", p(3, 10)],
      ["drop", b(4, 8)],
      ["exact", p(4, 14, { active: 4 })],
    ],
  },
  {
    name: "lists longer than the frames there are",
    sps: { maxRefFrames: 4 },
    pps: { active: [4, 1] },
    steps: [["exact", IDR], ["exact", p(1, 8)], ["drop", b(2, 4)], ["exact", p(2, 16)]],
  },
  {
    name: "before the first IDR picture, and with unknown parameter sets",
    steps: [
      ["exact", i(3, 6)],
      ["drop", b(4, 4)],
      ["awaiting-idr", p(4, 8)],
      ["exact", IDR],
      ["exact", p(1, 8)],
      ["drop", b(2, 4)],
      ["unreadable", p(2, 12, { ppsId: 7 })],
      ["unreadable", p(3, 14)],
      ["exact", IDR],
    ],
  },
  {
    name: "two pictures in one access unit",
    steps: [
      ["exact", IDR],
      ["exact", p(1, 8)],
      ["drop", b(2, 4)],
      ["field-pictures", p(2, 10), p(3, 12)],
      ["field-pictures", p(4, 14)],
    ],
  },
  {
    name: "fields",
    sps: { frameMbsOnly: false },
    steps: [
      ["exact", { ...IDR, field: "0" }],
      ["exact", p(1, 8, { field: "10" })],
      ["drop", b(2, 4, { field: "10" })],
      ["field-pictures", p(2, 16, { field: "11" })],
    ],
  },
];

function trackerOf({ sps, pps }: Pick<Case, "sps" | "pps">): H264ReferenceTracker {
  return new H264ReferenceTracker({
    nalLengthSize: 4,
    sps: [makeSps(sps)],
    pps: [makePps(pps)],
  });
}

function describe(verdict: H264PictureVerdict | undefined): string {
  if (verdict === undefined) return "none";
  const { keep, exact, reason } = verdict;
  assertEquals(exact, keep && reason === undefined);
  return !keep ? "drop" : reason ?? "exact";
}

for (const { name, steps, ...sets } of CASES) {
  Deno.test(`references: ${name}`, () => {
    const tracker = trackerOf(sets);
    const seen = steps.map(([, ...slices]) =>
      describe(tracker.track(accessUnitOf(...slices.map(makeSlice))))
    );
    assertEquals(seen, steps.map(([expected]) => expected));
  });
}

Deno.test("references: the type is of all slices, and there may be none", () => {
  const tracker = trackerOf({});
  const typeOf = (...slices: MadeSlice[]) =>
    tracker.track(accessUnitOf(...slices.map(makeSlice)))?.type;
  assertEquals(typeOf(IDR), "I");
  assertEquals(typeOf(i(1, 2), p(1, 2, { firstMb: 9 })), "P");
  assertEquals(typeOf(i(2, 4), p(2, 4, { firstMb: 9 }), bRef(2, 4, { firstMb: 18 })), "B");
  assertEquals(typeOf(), undefined);
  assertEquals(tracker.track(accessUnitOf(fromHex("0910"), fromHex("0605"))), undefined);
});

Deno.test("references: a marking of what the receiver lost is told", () => {
  const tracker = trackerOf({});
  const steps = [IDR, p(1, 8), bRef(2, 4, unmark(1)), p(3, 16, { ...only(3), ...unmark(3) })];
  const told = steps.map((slice) => tracker.track(accessUnitOf(makeSlice(slice)))!.marksMissing);
  assertEquals(told, [false, false, false, true]);
});

Deno.test("references: parameter sets in band", () => {
  const tracker = trackerOf({ sps: { maxRefFrames: 1 } });
  const track = (...units: Uint8Array[]) => describe(tracker.track(accessUnitOf(...units)));
  assertEquals(track(makeSps(), makePps(), makeSlice(IDR)), "exact");
  assertEquals(track(makeSlice(p(1, 8))), "exact");
  assertEquals(track(makeSlice(b(2, 4))), "drop");
  // Repeated: nothing changes. Changed: nothing is proven up to the next IDR picture.
  assertEquals(track(makeSps(), makePps(), makeSlice(p(2, 16))), "exact");
  assertEquals(track(makePps({ active: [2, 1] }), makeSlice(p(3, 18))), "awaiting-idr");
  assertEquals(track(makeSlice(IDR)), "exact");
  assertEquals(track(makeSlice(p(1, 8))), "exact");
  assertEquals(track(makeSlice(b(2, 4))), "drop");
  assertEquals(track(fromHex("68"), makeSlice(p(2, 16))), "unreadable");
  assertEquals(track(makePps(), makeSlice(IDR)), "exact");
});

Deno.test("references: an access unit without a readable type is refused", () => {
  const tracker = trackerOf({});
  tracker.track(accessUnitOf(makeSlice(IDR)));
  assertThrows(() => tracker.track(fromHex("000000ff 41")), CodecError, "must end within");
  assertThrows(() => tracker.track(fromHex("00000002 4100")), CodecError);
});

Deno.test("references survive mutations, with state", () => {
  const samples = CASES.flatMap(({ steps }) =>
    steps.map(([, ...slices]) => accessUnitOf(...slices.map(makeSlice)))
  );
  const tracker = trackerOf({ sps: { maxRefFrames: 16 } });
  surviveMutations(samples, (bytes) => tracker.track(bytes), CodecError, { count: 200 });
});
