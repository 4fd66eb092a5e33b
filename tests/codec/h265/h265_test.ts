import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import {
  h265CodecString,
  MAX_H265_PARAMETER_SETS,
  parseH265Configuration,
} from "../../../src/codec/h265/h265.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { H265_SPS, HVCC } from "../../../testing/media/parameter_samples.ts";

Deno.test("hvcC of ffmpeg", () => {
  const { vps, sps, pps, sei, constraintBytes, ...fields } = parseH265Configuration(HVCC.main);
  assertEquals(fields, {
    profileSpace: 0,
    tier: "main",
    profileIdc: 1,
    compatibilityFlags: 0x6000_0000,
    levelIdc: 60,
    chromaFormatIdc: 1,
    bitDepthLuma: 8,
    bitDepthChroma: 8,
    temporalLayers: 1,
    nalLengthSize: 4,
  });
  assertEquals(toHex(constraintBytes), "900000000000");
  assertEquals(vps.map(toHex), ["40010c01ffff01600000030090000003000003003c959009"]);
  assertEquals(sps.map(toHex), [toHex(H265_SPS.main)]);
  assertEquals(pps.map(toHex), ["4401c073c189"]);
  assertEquals(sei, []);
});

Deno.test("hvcC: formats, SEI, and no arrays at all", () => {
  const yuv422 = parseH265Configuration(HVCC.yuv422);
  assertEquals([yuv422.chromaFormatIdc, yuv422.bitDepthLuma, yuv422.bitDepthChroma], [2, 12, 12]);
  const withSei = parseH265Configuration(HVCC.withSei);
  assertEquals(withSei.sei.map(toHex), ["4e0105ffff1d2c"]);
  assertEquals([withSei.vps.length, withSei.sps.length, withSei.pps.length], [1, 1, 1]);
  const { vps, sps, pps, sei } = parseH265Configuration(HVCC.withoutArrays);
  assertEquals([vps, sps, pps, sei], [[], [], [], []]);
});

Deno.test("hvcC: what it returns borrows, and what follows it is ignored", () => {
  const record = Uint8Array.of(...HVCC.main, 1, 2, 3);
  const { sps, constraintBytes } = parseH265Configuration(record);
  assertEquals(sps[0]!.buffer === record.buffer, true);
  assertEquals(constraintBytes.buffer === record.buffer, true);
  assertEquals(parseH265Configuration(record), parseH265Configuration(HVCC.main));
});

Deno.test("hvcC: refused if cut short anywhere", () => {
  for (const record of Object.values(HVCC)) {
    for (let length = 0; length < record.length; length++) {
      assertThrows(() => parseH265Configuration(record.subarray(0, length)), CodecError);
    }
  }
});

/** The record without arrays, with another byte in one place and `arrays` behind. */
function recordWith(at: number, byte: number, arrays = "00"): Uint8Array<ArrayBuffer> {
  const record = Uint8Array.of(...HVCC.withoutArrays.subarray(0, -1), ...fromHex(arrays));
  record[at] = byte;
  return record;
}

Deno.test("hvcC: versions 0 and 1, NAL lengths of 1, 2 and 4 bytes", () => {
  for (const version of [0, 1]) parseH265Configuration(recordWith(0, version));
  assertThrows(() => parseH265Configuration(recordWith(0, 2)), CodecError, "got 2");
  const lengthSize = (bits: number) => parseH265Configuration(recordWith(21, bits)).nalLengthSize;
  assertEquals([lengthSize(0x0c), lengthSize(0x0d), lengthSize(0x0f)], [1, 2, 4]);
  assertThrows(() => lengthSize(0x0e), CodecError, "got 3");
});

Deno.test("hvcC: several units and arrays, unknown ones left out, wrong ones refused", () => {
  const several = "04 a1 0002 0002 4201 0003 420101 23 0001 0001 46 a1 0001 0002 4202 a2 0000";
  const { sps, pps } = parseH265Configuration(recordWith(0, 1, several));
  assertEquals([sps.map(toHex), pps], [["4201", "420101", "4202"], []]);
  const wrong: readonly (readonly [string, string])[] = [
    ["01 a1 0001 0002 4001", "must be of type 33, got 32"],
    ["01 a2 0001 0001 44", "must be of type 34, got 1 bytes"],
    ["01 a0 0001 0000", "must be of type 32, got 0 bytes"],
  ];
  for (const [arrays, message] of wrong) {
    assertThrows(() => parseH265Configuration(recordWith(0, 1, arrays)), CodecError, message);
  }
});

Deno.test("hvcC: as many NAL units as the limit, and one more", () => {
  const withUnits = (count: number) =>
    recordWith(0, 1, `01 a2 ${count.toString(16).padStart(4, "0")} ${"0002 4401".repeat(count)}`);
  const { pps } = parseH265Configuration(withUnits(MAX_H265_PARAMETER_SETS));
  assertEquals(pps.length, MAX_H265_PARAMETER_SETS);
  assertThrows(
    () => parseH265Configuration(withUnits(MAX_H265_PARAMETER_SETS + 1)),
    CodecError,
    `up to ${MAX_H265_PARAMETER_SETS} NAL units`,
  );
});

Deno.test("H.265 codec strings", () => {
  const main = parseH265Configuration(HVCC.main);
  assertEquals(h265CodecString(main), "hvc1.1.6.L60.90");
  assertEquals(h265CodecString(parseH265Configuration(HVCC.yuv422)), "hvc1.4.10.L93.99.8");
  assertEquals(h265CodecString(parseH265Configuration(HVCC.withoutArrays)), "hvc1.2.4.L153.B0");
  const made = { ...main, profileSpace: 1, tier: "high", compatibilityFlags: 1 } as const;
  assertEquals(
    h265CodecString({ ...made, constraintBytes: fromHex("b000230000ff") }),
    "hvc1.A1.80000000.H60.B0.0.23.0.0.FF",
  );
  assertEquals(h265CodecString({ ...main, constraintBytes: new Uint8Array(6) }), "hvc1.1.6.L60");
});

Deno.test("hvcC survives mutations", () => {
  surviveMutations(Object.values(HVCC), parseH265Configuration, CodecError);
});
