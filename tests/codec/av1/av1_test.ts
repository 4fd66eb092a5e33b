import { assertEquals, assertThrows } from "@std/assert";
import {
  av1CodecString,
  av1KeyFrame,
  isAv1KeyFrame,
  parseAv1Configuration,
} from "../../../src/codec/av1/av1.ts";
import { AV1_OBU, splitObus } from "../../../src/codec/av1/obu.ts";
import { parseAv1SequenceHeader } from "../../../src/codec/av1/sequence_header.ts";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { AV1_STREAMS } from "../../../testing/media/bitstreams.ts";
import { AV1C } from "../../../testing/media/parameter_samples.ts";
import { assertMalformed, NoError } from "../../../testing/malformed.ts";

Deno.test("av1C of ffmpeg", () => {
  const { obus, sequenceHeader, ...fields } = parseAv1Configuration(AV1C.libaom);
  assertEquals(fields, {
    profile: 0,
    levelIndex: 0,
    tier: "main",
    bitDepth: 8,
    isMonochrome: false,
    chromaSubsamplingX: 1,
    chromaSubsamplingY: 1,
    chromaSamplePosition: 0,
  });
  assertEquals(obus.map(({ bytes }) => toHex(bytes)), ["0a0b000000043cfeccdaf90040"]);
  assertEquals(sequenceHeader, obus[0]);
  assertEquals(obus[0]!.bytes.buffer, AV1C.libaom.buffer);
});

Deno.test("av1C says the same as the sequence header in it", () => {
  for (const record of Object.values(AV1C)) {
    const { obus: _, sequenceHeader, ...fields } = parseAv1Configuration(record);
    const parsed = parseAv1SequenceHeader(sequenceHeader!.payload);
    const same = Object.keys(fields).map((key) => [key, parsed[key as keyof typeof parsed]]);
    assertEquals(Object.fromEntries(same), fields);
  }
});

Deno.test("av1C: every flag, and no OBUs", () => {
  const { obus, sequenceHeader, ...fields } = parseAv1Configuration(fromHex("8153f21f"));
  assertEquals(fields, {
    profile: 2,
    levelIndex: 19,
    tier: "high",
    bitDepth: 12,
    isMonochrome: true,
    chromaSubsamplingX: 0,
    chromaSubsamplingY: 0,
    chromaSamplePosition: 2,
  });
  assertEquals([obus, sequenceHeader], [[], undefined]);
  assertEquals(parseAv1Configuration(fromHex("81004800")).bitDepth, 10);
});

Deno.test("av1C: refused if cut short, of another version, or with broken OBUs", () => {
  for (const length of [0, 1, 2, 3, 5, 6, AV1C.libaom.length - 1]) {
    assertThrows(() => parseAv1Configuration(AV1C.libaom.subarray(0, length)), CodecError);
  }
  assertThrows(() => parseAv1Configuration(fromHex("82000c00")), CodecError, "got 130");
  assertThrows(() => parseAv1Configuration(fromHex("01000c00")), CodecError, "got 1");
  assertThrows(() => parseAv1Configuration(fromHex("81000c00 8a00")), CodecError, "forbidden bit");
});

Deno.test("AV1 codec strings", () => {
  assertEquals(av1CodecString(parseAv1Configuration(AV1C.tenBits)), "av01.0.00M.10");
  const high = { profile: 2, levelIndex: 19, tier: "high", bitDepth: 12 } as const;
  assertEquals(av1CodecString(high), "av01.2.19H.12");
});

// As `ffprobe -show_entries packet=flags` shows them.
Deno.test("AV1 key frames of libaom and SVT-AV1", () => {
  const keyFrames = (units: readonly Uint8Array[]) =>
    units.flatMap((unit, index) => isAv1KeyFrame(unit) ? [index] : []);
  assertEquals(keyFrames(AV1_STREAMS.realtime), [0, 4]);
  assertEquals(keyFrames(AV1_STREAMS.hiddenFrames), [0, 6]);
  assertEquals(keyFrames(AV1_STREAMS.still), [0]);
});

Deno.test("AV1 key frames: still pictures with reduced headers", () => {
  const obus = splitObus(AV1_STREAMS.still[0]!);
  const frame = obus.find(({ type }) => type === AV1_OBU.FRAME)!.bytes;
  const header = obus.find(({ type }) => type === AV1_OBU.SEQUENCE_HEADER)!;
  assertEquals(isAv1KeyFrame(frame), false);
  assertEquals(isAv1KeyFrame(frame, parseAv1SequenceHeader(header.payload)), true);
  assertEquals(isAv1KeyFrame(Uint8Array.of(...header.bytes, ...frame)), true);
});

Deno.test("AV1 key frames: by the first frame header, in any kind of OBU", () => {
  const rows: readonly (readonly [hex: string, isKeyFrame: boolean, what: string])[] = [
    ["1200 3201 10", true, "shown key frame"],
    ["1200 3201 00", false, "hidden key frame"],
    ["1200 3201 30", false, "inter frame"],
    ["1200 3201 50", false, "intra-only frame"],
    ["1200 3201 70", false, "switch frame"],
    ["1200 3201 90", false, "frame shown once more"],
    ["1200 1a01 10 2201 00", true, "frame header and tile group"],
    ["1200 1a01 98", false, "frame shown once more, as a header"],
    ["1200 2a02 0101 3201 10", true, "metadata first"],
    ["3610 01 10", true, "with a header extension"],
    ["1200 3608 0110 3608 0130", true, "second temporal layer is not looked at"],
    ["1200 3201 30 3201 10", false, "the first frame decides"],
    ["10", false, "temporal delimiter alone"],
    ["1200 3a01 10", false, "redundant frame header alone"],
    ["1200 3200", false, "empty frame"],
    ["", false, "nothing"],
    ["3010", true, "without obu_size"],
  ];
  for (const [hex, isKeyFrame, what] of rows) {
    assertEquals(isAv1KeyFrame(fromHex(hex)), isKeyFrame, what);
  }
  assertMalformed(av1KeyFrame(fromHex("12003205 10")), "must end within");
  assertEquals(isAv1KeyFrame(fromHex("12003205 10")), false);
});

Deno.test("av1C and key frames survive mutations", () => {
  surviveMutations(Object.values(AV1C), parseAv1Configuration, CodecError);
  const units = AV1_STREAMS.hiddenFrames.slice(0, 4);
  surviveMutations(units, (bytes) => av1KeyFrame(bytes), NoError, { count: 300 });
});
