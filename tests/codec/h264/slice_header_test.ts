import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { H264ParameterSets } from "../../../src/codec/h264/parameter_sets.ts";
import {
  type H264SliceHeader,
  parseH264SliceHeader,
} from "../../../src/codec/h264/slice_header.ts";
import { surviveMutations } from "../../../testing/mutation.ts";
import type { BitWriter } from "../../../testing/media/bit_writer.ts";
import {
  type MadePps,
  type MadeSlice,
  type MadeSps,
  makePps,
  makeSlice,
  makeSps,
} from "../../../testing/media/h264_streams.ts";

function setsOf(sps: MadeSps = {}, pps: MadePps = {}): H264ParameterSets {
  const sets = new H264ParameterSets();
  sets.add(makeSps(sps));
  sets.add(makePps(pps));
  return sets;
}

interface Row {
  readonly name: string;
  readonly slice: MadeSlice;
  readonly sps?: MadeSps;
  readonly pps?: MadePps;
  readonly expected: Partial<H264SliceHeader>;
}

/** A marking at the end tells that everything before it was read to the bit. */
const SENTINEL = { markings: [[1, 6]] } as const;
const SEEN = {
  hasAdaptiveMarking: true,
  markings: [{ operation: 1, picNumDifference: 7, longTerm: 0 }],
} as const;

const weights = (entries: number) => (bits: BitWriter) => {
  bits.ue(6).ue(6);
  for (let entry = 0; entry < entries; entry++) {
    bits.bits(1, 1).se(-128).se(127).bits(1, 1).se(127).se(-128).se(127).se(-128);
  }
};

const TABLE: readonly Row[] = [
  {
    name: "IDR",
    slice: { type: "I", isIdr: true, isLongTermIdr: true },
    expected: { type: "I", isIdr: true, isReference: true, isLongTermIdr: true, markings: [] },
  },
  {
    name: "P with the default list",
    slice: { type: "P", frameNum: 9, order: 40, firstMb: 120, ...SENTINEL },
    pps: { active: [3, 1] },
    expected: {
      ...SEEN,
      type: "P",
      isIdr: false,
      firstMb: 120,
      frameNum: 9,
      picOrderCntLsb: 40,
      activeReferences: 3,
      modifications: [],
    },
  },
  {
    name: "P with a list of its own, modified",
    slice: { type: "P", active: 32, modifications: [[0, 0], [1, 4], [2, 3]], ...SENTINEL },
    expected: {
      ...SEEN,
      activeReferences: 32,
      modifications: [
        { kind: "subtract", value: 1 },
        { kind: "add", value: 5 },
        { kind: "long-term", value: 3 },
      ],
    },
  },
  {
    name: "P with 32 weights, longer than the usual header",
    slice: { type: "P", active: 32, writeWeights: weights(32), ...SENTINEL },
    pps: { weightsP: true },
    expected: { ...SEEN, activeReferences: 32 },
  },
  {
    name: "B with weights of both lists",
    slice: { type: "B", isReference: true, active: 2, writeWeights: weights(3), ...SENTINEL },
    pps: { weightedBipredIdc: 1 },
    expected: { ...SEEN, type: "B", activeReferences: 2 },
  },
  {
    name: "B without weights, no reference",
    slice: { type: "B" },
    pps: { weightsP: true, weightedBipredIdc: 2 },
    expected: { type: "B", isReference: false, hasAdaptiveMarking: false },
  },
  {
    name: "every marking",
    slice: { type: "P", markings: [[1, 0], [2, 5], [3, 1, 2], [4, 3], [5], [6, 1]] },
    expected: {
      markings: [
        { operation: 1, picNumDifference: 1, longTerm: 0 },
        { operation: 2, picNumDifference: 0, longTerm: 5 },
        { operation: 3, picNumDifference: 2, longTerm: 2 },
        { operation: 4, picNumDifference: 0, longTerm: 3 },
        { operation: 5, picNumDifference: 0, longTerm: 0 },
        { operation: 6, picNumDifference: 0, longTerm: 1 },
      ],
    },
  },
  {
    name: "order of the bottom field, and a redundant slice",
    slice: { type: "P", writeOrder: (bits) => bits.bits(9, 6).se(-3).ue(2), ...SENTINEL },
    pps: { hasBottomFieldOrder: true, hasRedundantPictures: true },
    expected: {
      ...SEEN,
      picOrderCntLsb: 9,
      deltaPicOrderCntBottom: -3,
      redundantPicCnt: 2,
    },
  },
  {
    name: "order of type 1",
    slice: { type: "P", writeOrder: (bits) => bits.se(5).se(-6), ...SENTINEL },
    sps: { picOrderCntType: 1 },
    pps: { hasBottomFieldOrder: true },
    expected: { ...SEEN, deltaPicOrderCnt: 5, deltaPicOrderCntBottom: -6 },
  },
  {
    name: "order of type 2",
    slice: { type: "P", writeOrder: () => {}, ...SENTINEL },
    sps: { picOrderCntType: 2 },
    expected: { ...SEEN, picOrderCntLsb: 0 },
  },
  {
    name: "frame of an interlaced stream",
    slice: { type: "P", field: "0", order: 7, ...SENTINEL },
    sps: { frameMbsOnly: false },
    expected: { ...SEEN, field: undefined, picOrderCntLsb: 7 },
  },
  {
    name: "bottom field, which has no delta",
    slice: { type: "P", field: "11", order: 7, ...SENTINEL },
    sps: { frameMbsOnly: false },
    pps: { hasBottomFieldOrder: true },
    expected: { ...SEEN, field: "bottom", picOrderCntLsb: 7 },
  },
  {
    name: "top field",
    slice: { type: "P", field: "10", order: 7, ...SENTINEL },
    sps: { frameMbsOnly: false },
    expected: { ...SEEN, field: "top" },
  },
];

for (const { name, slice, sps, pps, expected } of TABLE) {
  const sets = setsOf(sps, pps);
  const nalUnit = makeSlice(slice);
  Deno.test(`slice header: ${name}`, () => {
    const header = parseH264SliceHeader(nalUnit, sets.of);
    const seen = Object.keys(expected).map((key) => [key, header[key as keyof H264SliceHeader]]);
    assertEquals(Object.fromEntries(seen), expected);
  });
  Deno.test(`slice header: ${name}, cut short`, () => {
    // Two bytes stand behind the header.
    for (let length = 0; length < nalUnit.length - 3; length++) {
      assertThrows(() => parseH264SliceHeader(nalUnit.subarray(0, length), sets.of), CodecError);
    }
  });
  Deno.test(`slice header: ${name}, under mutation`, () => {
    surviveMutations([nalUnit], (bytes) => parseH264SliceHeader(bytes, sets.of), CodecError, {
      count: 500,
    });
  });
}

Deno.test("slice header: limits", () => {
  const commands = (count: number) => Array.from({ length: count }, () => [0, 0] as const);
  const markings = (count: number) => Array.from({ length: count }, () => [1, 0]);
  const sets = setsOf();
  const parse = (slice: MadeSlice) => parseH264SliceHeader(makeSlice(slice), sets.of);
  assertEquals(parse({ type: "P", modifications: commands(66) }).modifications.length, 66);
  assertEquals(parse({ type: "P", markings: markings(66) }).markings.length, 66);
  const table: readonly (readonly [MadeSlice, string])[] = [
    [{ type: "P", modifications: commands(67) }, "up to 66 list modifications"],
    [{ type: "P", markings: markings(67) }, "up to 66 markings"],
    [{ type: "P", modifications: [[4, 0]] }, "must be 0..3, got 4"],
    [{ type: "P", markings: [[7, 0]] }, "must be 0..6, got 7"],
    [{ type: "P", active: 33 }, "up to 32 entries, got 33"],
    [{ type: "P", isIdr: true }, "must be I in an IDR picture, got type 5"],
    [{ type: "P", ppsId: 1 }, "got PPS id 1"],
  ];
  for (const [slice, message] of table) assertThrows(() => parse(slice), CodecError, message);
});

Deno.test("parameter sets: repeated, changed, broken", () => {
  const sets = new H264ParameterSets();
  assertEquals(sets.add(makePps()), true);
  assertThrows(() => sets.of(0), CodecError, "must come before it");
  assertEquals(sets.add(makeSps()), true);
  assertEquals([sets.add(makeSps()), sets.add(makePps())], [false, false]);
  assertEquals(sets.add(makeSps({ maxRefFrames: 5 })), true);
  assertEquals(sets.of(0).sps.maxRefFrames, 5);
  assertThrows(() => sets.add(makePps({ sliceGroups: 3 })), CodecError);
  assertThrows(() => sets.of(0), CodecError, "must come before it");
});
