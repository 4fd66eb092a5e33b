import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { h264CodecString, parseH264Configuration } from "../../../src/codec/h264/h264.ts";
import { AVCC_SAMPLES } from "../../../testing/media/corpus.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";

// ffmpeg -f lavfi -i color=black:size=16x16 -t 0.3 -c:v libx264 -bf 1 small.flv, first video tag
const RECORD = "014d400a ff e1 0015 674d400af6f6022000000300200000030281e244a7 01 0004 68ce0fc8";

Deno.test("avcC of ffmpeg", () => {
  const { sps, pps, ...fields } = parseH264Configuration(fromHex(RECORD));
  assertEquals(fields, {
    profileIdc: 77,
    profileCompatibility: 0x40,
    levelIdc: 10,
    nalLengthSize: 4,
  });
  assertEquals(sps.map(toHex), ["674d400af6f6022000000300200000030281e244a7"]);
  assertEquals(pps.map(toHex), ["68ce0fc8"]);
});

Deno.test("avcC: the extension of high profiles, and anything else behind it, is ignored", () => {
  const plain = parseH264Configuration(fromHex(RECORD));
  assertEquals(parseH264Configuration(fromHex(RECORD + "fdf8f800 ffff")), plain);
});

Deno.test("avcC: several parameter sets, or none", () => {
  const several = parseH264Configuration(
    fromHex("0164001f fd e2 0002 6764 0001 67 02 0001 68 0002 6801"),
  );
  assertEquals([several.sps.map(toHex), several.pps.map(toHex)], [["6764", "67"], ["68", "6801"]]);
  const none = parseH264Configuration(fromHex("0164001f ff e0 00"));
  assertEquals([none.sps, none.pps], [[], []]);
});

Deno.test("avcC: NAL lengths of 1, 2 and 4 bytes, and not of 3", () => {
  const withLengthSize = (bits: string) =>
    parseH264Configuration(fromHex(`0164001f ${bits} e0 00`));
  assertEquals(withLengthSize("fc").nalLengthSize, 1);
  assertEquals(withLengthSize("fd").nalLengthSize, 2);
  assertThrows(() => withLengthSize("fe"), CodecError, "got 3");
  assertEquals(withLengthSize("ff").nalLengthSize, 4);
});

Deno.test("avcC: refused if cut short anywhere", () => {
  const record = fromHex(RECORD);
  for (let length = 0; length < record.length; length++) {
    assertThrows(() => parseH264Configuration(record.subarray(0, length)), CodecError);
  }
});

Deno.test("avcC: refused with another version, or parameter sets in the wrong place", () => {
  assertThrows(() => parseH264Configuration(fromHex("0064001f ff e0 00")), CodecError, "version");
  const wrong = ["e1 0001 68 00", "e1 0000 00", "e0 01 0001 67", "e0 01 0000"];
  for (const sets of wrong) {
    assertThrows(
      () => parseH264Configuration(fromHex(`0164001f ff ${sets}`)),
      CodecError,
      "must be NAL type",
    );
  }
});

Deno.test("H.264 codec strings", () => {
  const codec = (profileIdc: number, profileCompatibility: number, levelIdc: number) =>
    h264CodecString({ profileIdc, profileCompatibility, levelIdc });
  assertEquals(codec(0x64, 0x00, 0x1f), "avc1.64001f");
  assertEquals(codec(0x42, 0xe0, 0x1e), "avc1.42e01e");
  assertEquals(codec(0, 0, 9), "avc1.000009");
});

Deno.test("avcC survives mutations", () => {
  surviveMutations(AVCC_SAMPLES, parseH264Configuration, CodecError);
});
