import { assertEquals } from "@std/assert";
import { h264CodecString, parseH264Configuration } from "../../src/codec/h264/h264.ts";
import { h265CodecString, parseH265Configuration } from "../../src/codec/h265/h265.ts";
import { encodeNalConfiguration } from "../../src/codec/nal_configuration.ts";
import type { NalCodec } from "../../src/codec/nal_facts.ts";
import { NalParameterSets } from "../../src/codec/nal_parameter_sets.ts";
import { readNalRecord } from "../../src/codec/nal_record.ts";
import { AVCC_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";
import { HVCC } from "../../testing/media/parameter_samples.ts";

function setsOf(codec: NalCodec, units: Iterable<Uint8Array>): NalParameterSets {
  const sets = new NalParameterSets(codec);
  for (const unit of units) sets.take(unit);
  return sets;
}

/** Of the recordings in testing/fixtures/publishers, as ffmpeg wrote it. */
const HIGH_AVCC = fromHex(
  `0164000cffe1001867 64000cacb40a0cfcf80880000003008000001907 8a155001 000468ee3cb0 fdf8f800`,
);

Deno.test("configuration of H.264: its own sets give the same record, and read as it does", () => {
  for (const record of AVCC_SAMPLES) {
    const { sps, pps, nalLengthSize } = parseH264Configuration(record);
    if (sps.length === 0 || pps.length === 0) continue;
    const made = encodeNalConfiguration("h264", setsOf("h264", [...sps, ...pps]), nalLengthSize);
    const { sps: madeSps, pps: madePps, ...madeProfile } = parseH264Configuration(made);
    assertEquals([madeSps, madePps], [sps, pps]);
    // Profile and level of a record are those of its SPS.
    const [, profileIdc, profileCompatibility, levelIdc] = sps[0]!;
    assertEquals(madeProfile, { nalLengthSize, profileIdc, profileCompatibility, levelIdc });
  }
});

Deno.test("configuration of H.264: High profile has chroma format and bit depths behind it", () => {
  const { sps, pps } = parseH264Configuration(HIGH_AVCC);
  const made = encodeNalConfiguration("h264", setsOf("h264", [...sps, ...pps]), 4);
  assertEquals(toHex(made), toHex(HIGH_AVCC));
});

Deno.test("configuration of H.264: an SPS that cannot be read is passed on", () => {
  const sets = setsOf("h264", [fromHex("6764001f"), fromHex("68ee")]);
  const made = encodeNalConfiguration("h264", sets, 4);
  assertEquals(toHex(made), "0164001fffe10004" + "6764001f" + "01000268ee");
  assertEquals(h264CodecString(parseH264Configuration(made)), "avc1.64001f");
});

Deno.test("configuration of H.265: says what the record of an encoder says", () => {
  for (const record of [HVCC.main, HVCC.yuv422, HVCC.withSei]) {
    const expected = parseH265Configuration(record);
    const { vps, sps, pps, nalLengthSize } = expected;
    const sets = setsOf("h265", [...vps, ...sps, ...pps]);
    assertEquals(sets.isComplete, true);
    const made = parseH265Configuration(encodeNalConfiguration("h265", sets, nalLengthSize));
    assertEquals(made, { ...expected, sei: [], temporalLayers: 1 });
    assertEquals(h265CodecString(made), h265CodecString(expected));
  }
});

Deno.test("configuration of H.265: an SPS that cannot be read is passed on", () => {
  const sets = setsOf("h265", [fromHex("400101"), fromHex("42010101600000"), fromHex("4401c0")]);
  const made = parseH265Configuration(encodeNalConfiguration("h265", sets, 4));
  assertEquals([made.profileIdc, made.bitDepthLuma, made.chromaFormatIdc], [1, 8, 1]);
  assertEquals(made.sps.map(toHex), ["42010101600000"]);
});

Deno.test("parameter sets: the newest by type and id; a repeated one is no news", () => {
  const sets = new NalParameterSets("h264");
  const first = fromHex("6764000cacb4");
  assertEquals([sets.take(first), sets.take(first)], [true, false]);
  assertEquals(sets.isComplete, false);
  // PPS 0, another PPS 0, and PPS 1.
  const pps = ["68ee3c", "68ef3c", "685e3c"].map(fromHex) as [Uint8Array, Uint8Array, Uint8Array];
  assertEquals(pps.map((unit) => sets.take(unit)), [true, true, true]);
  assertEquals(sets.of(8), [pps[1], pps[2]]);
  assertEquals(sets.isComplete, true);
  sets.clear();
  assertEquals([sets.of(8), sets.isComplete], [[], false]);
});

Deno.test("parameter sets of H.265: an SPS by its id, behind layers and without", () => {
  const sets = new NalParameterSets("h265");
  // Two layers: the second has a profile and a level of its own.
  const head = "4201 02" + "01600000" + "00".repeat(7) + "3c" + "c000" + "11".repeat(12);
  const ids = ["a0", "60", "a1"].map((id) => fromHex(`${head} ${id}`));
  assertEquals(ids.map((unit) => sets.take(unit)), [true, true, true]);
  assertEquals(sets.of(33).length, 2);
  assertEquals(sets.take(fromHex("4201")), true);
  assertEquals(sets.of(33).length, 2);
});

Deno.test("parameter sets: what is too large or too much is not kept", () => {
  const sets = new NalParameterSets("h264");
  assertEquals(sets.take(new Uint8Array(2049).fill(0x68)), false);
  // Ids 0 to 39, as Exp-Golomb codes behind the header, told apart by the byte behind.
  const taken = Array.from({ length: 40 }, (_, id) => {
    const code = (id + 1).toString(2);
    const bits = ("0".repeat(code.length - 1) + code).padEnd(16, "1");
    return sets.take(fromHex("68" + parseInt(bits, 2).toString(16).padStart(4, "0")));
  });
  assertEquals(taken.filter((isNew) => isNew).length, 32);
});

Deno.test("record: one that has the shape is one, though it cannot be read to its end", () => {
  const table: readonly (readonly [NalCodec, string, boolean | undefined, number])[] = [
    ["h264", "", false, 0],
    ["h264", "0164000cffe000", false, 0],
    ["h264", "0164000cffe10002 6764 01 0002 68ee", true, 2],
    ["h264", "0164000cffe1ffff 6764 01 0002 68ee", true, 0],
    ["h264", "0264000cffe1000267640100", undefined, 0],
    ["h264", "0164000cff", undefined, 0],
    // A length size of 3 is none.
    ["h264", "0164000cfee10002676401000268ee", undefined, 0],
    ["h265", toHex(HVCC.main), true, 3],
    ["h265", toHex(HVCC.main.subarray(0, 40)), true, 0],
    ["h265", toHex(HVCC.withoutArrays), false, 0],
    ["h265", "01", undefined, 0],
  ];
  for (const [codec, hex, isRecord, sets] of table) {
    const read = readNalRecord(codec, fromHex(hex));
    assertEquals([read?.isRecord, read?.sets.length ?? 0], [isRecord, sets], hex);
  }
});
