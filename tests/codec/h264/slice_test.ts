import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { removeEmulationPrevention } from "../../../src/codec/h264/emulation.ts";
import { h264PictureType, splitH264NalUnits } from "../../../src/codec/h264/slice.ts";
import { MAX_NAL_UNITS } from "../../../src/codec/nal_units.ts";
import { ACCESS_UNIT_SAMPLES } from "../../../testing/media/corpus.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { BitWriter } from "../../../testing/media/bit_writer.ts";
import { assertMalformed, NoError } from "../../../testing/malformed.ts";

// ffmpeg … -c:v libx264 -bf 2 -preset veryfast -x264-params slices=2:threads=1:aud=1, NAL units cut
const [I, P, B, SECOND_SLICE] = ACCESS_UNIT_SAMPLES as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

Deno.test("picture types of libx264", () => {
  assertEquals([I, P, B, SECOND_SLICE].map((unit) => h264PictureType(unit, 4)), [
    "I",
    "P",
    "B",
    "I",
  ]);
});

Deno.test("picture types by slice_type, whatever the first macroblock", () => {
  const types = ["P", "B", "I", "P", "I", "P", "B", "I", "P", "I"];
  for (const firstMb of [0, 1, 2, 200, 8159, 139_263]) {
    types.forEach((expected, sliceType) => {
      const header = new BitWriter().ue(firstMb).ue(sliceType).bits(0b1010_1010, 8).take();
      assertEquals(h264PictureType(Uint8Array.of(header.length + 1, 0x41, ...header), 1), expected);
    });
    for (const sliceType of [10, 14, 15, 70_000]) {
      const header = new BitWriter().ue(firstMb).ue(sliceType).bits(1, 1).take();
      assertMalformed(
        h264PictureType(Uint8Array.of(header.length + 1, 0x41, ...header), 1),
        `got ${sliceType}`,
      );
    }
  }
});

Deno.test("picture type behind emulation prevention", () => {
  // No picture has so many macroblocks, but only such a code holds two zero bytes and a small one.
  const header = new BitWriter().ue(2 ** 22 - 1).ue(6).bits(1, 1).take();
  assertEquals(toHex(header), "000002000001e0");
  const accessUnit = fromHex("0a 41 000003 02 000003 01 e0");
  assertEquals(h264PictureType(accessUnit, 1), "B");
});

Deno.test("picture type: none without a slice", () => {
  assertEquals(h264PictureType(new Uint8Array(0), 4), undefined);
  assertEquals(h264PictureType(fromHex("0002 0910 0000 0003 060500"), 2), undefined);
});

Deno.test("picture type: a slice without a header is refused", () => {
  assertMalformed(h264PictureType(fromHex("01 41"), 1), "slice type");
  assertMalformed(h264PictureType(fromHex("02 41 80"), 1), "slice type");
  assertMalformed(h264PictureType(fromHex("03 41 0000"), 1), "slice type");
});

Deno.test("NAL units, with lengths of 1, 2 and 4 bytes, the empty ones left out", () => {
  const units = ["0910", "65", "0001"];
  for (const size of [1, 2, 4] as const) {
    const lengths = ["02", "01", "00", "02"].map((digits) => digits.padStart(2 * size, "0"));
    const accessUnit = fromHex(`${lengths[0]}0910 ${lengths[1]}65 ${lengths[2]} ${lengths[3]}0001`);
    assertEquals(splitH264NalUnits(accessUnit, size).map(toHex), units);
  }
});

Deno.test("NAL units: a length beyond the end is refused", () => {
  for (const digits of ["0003 0910", "0002 0910 00", "0002 0910 0001", "ffff", "00"]) {
    assertThrows(() => splitH264NalUnits(fromHex(digits), 2), CodecError, "must end within");
  }
  assertThrows(() => splitH264NalUnits(fromHex("ffffffff 65"), 4), CodecError, "got 4294967299");
  assertMalformed(h264PictureType(fromHex("80000000 65"), 4), "got 2147483652");
  assertMalformed(h264PictureType(fromHex("00000004 658880"), 4), "must end within");
});

Deno.test("NAL units: up to the limit", () => {
  const accessUnit = fromHex("0165".repeat(MAX_NAL_UNITS));
  assertEquals(splitH264NalUnits(accessUnit, 1).length, MAX_NAL_UNITS);
  const more = fromHex("0165".repeat(MAX_NAL_UNITS + 1));
  assertThrows(() => splitH264NalUnits(more, 1), CodecError, `${MAX_NAL_UNITS} NAL units`);
});

Deno.test("NAL units: empty ones count, as each takes time", () => {
  const empty = new Uint8Array(MAX_NAL_UNITS + 1);
  assertThrows(() => splitH264NalUnits(empty, 1), CodecError, `${MAX_NAL_UNITS} NAL units`);
  assertMalformed(h264PictureType(empty, 1), `${MAX_NAL_UNITS} NAL units`);
  assertEquals(h264PictureType(empty.subarray(1), 1), undefined);
});

Deno.test("emulation prevention", () => {
  const table = [
    ["", ""],
    ["00000301", "000001"],
    ["0000030000030000", "000000000000"],
    ["000003", "0000"],
    ["00000303", "000003"],
    ["0003000300", "0003000300"],
    ["030303", "030303"],
    ["00000003", "000000"],
  ] as const;
  for (const [escaped, plain] of table) {
    assertEquals(toHex(removeEmulationPrevention(fromHex(escaped))), plain);
  }
  assertEquals(toHex(removeEmulationPrevention(fromHex("0000030102"), 3)), "000001");
});

Deno.test("access units survive mutations", () => {
  surviveMutations(ACCESS_UNIT_SAMPLES, (bytes) => h264PictureType(bytes, 4), NoError);
  surviveMutations(ACCESS_UNIT_SAMPLES, (bytes) => splitH264NalUnits(bytes, 4), CodecError);
});
