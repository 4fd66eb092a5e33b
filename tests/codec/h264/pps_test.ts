import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { parseH264Pps } from "../../../src/codec/h264/pps.ts";
import { PPS_SAMPLES } from "../../../testing/media/corpus.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { makePps } from "../../../testing/media/h264_streams.ts";

Deno.test("PPS: every field", () => {
  const made = makePps({
    id: 3,
    spsId: 1,
    active: [32, 2],
    weightsP: true,
    weightedBipredIdc: 2,
    hasBottomFieldOrder: true,
    hasRedundantPictures: true,
  });
  assertEquals(parseH264Pps(made), {
    id: 3,
    spsId: 1,
    usesCabac: true,
    hasBottomFieldOrder: true,
    defaultActiveReferences: [32, 2],
    weightsP: true,
    weightedBipredIdc: 2,
    hasDeblockingControl: true,
    hasRedundantPictures: true,
  });
});

Deno.test("PPS of libx264: high, weightp=2, ref=3", () => {
  const pps = parseH264Pps(fromHex("68ebe3cb22c0"));
  assertEquals([pps.id, pps.usesCabac, pps.weightsP, pps.weightedBipredIdc], [0, true, true, 2]);
  assertEquals(pps.defaultActiveReferences, [3, 1]);
});

Deno.test("PPS: limits", () => {
  const table = [
    [makePps({ active: [33, 1] }), "l0_default_active_minus1 must be up to 31, got 32"],
    [makePps({ active: [1, 33] }), "l1_default_active_minus1 must be up to 31, got 32"],
    [makePps({ id: 256 }), "id must be up to 255"],
    [makePps({ spsId: 32 }), "SPS id must be up to 31"],
    [makePps({ sliceGroups: 2 }), "must have 1 slice group, got 2"],
    [makePps({ weightedBipredIdc: 3 }), "must be up to 2, got 3"],
    [fromHex("6742"), "NAL type 8, got 7"],
  ] as const;
  for (const [nalUnit, message] of table) {
    assertThrows(() => parseH264Pps(nalUnit), CodecError, message);
  }
});

Deno.test("PPS: cut short", () => {
  const made = makePps({ id: 255, active: [32, 32] });
  for (let length = 0; length < made.length - 1; length++) {
    assertThrows(() => parseH264Pps(made.subarray(0, length)), CodecError);
  }
});

Deno.test("PPS survives mutations", () => {
  surviveMutations(PPS_SAMPLES, parseH264Pps, CodecError);
});
