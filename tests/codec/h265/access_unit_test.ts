import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import {
  h265LayerId,
  h265NalType,
  h265PictureKind,
  isH265KeyFrame,
  splitH265NalUnits,
} from "../../../src/codec/h265/access_unit.ts";
import { parseH265Pps } from "../../../src/codec/h265/pps.ts";
import { MAX_NAL_UNITS } from "../../../src/codec/nal_units.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { addEmulationPrevention, BitWriter } from "../../../testing/media/bit_writer.ts";
import { H265_STREAMS } from "../../../testing/media/bitstreams.ts";
import { H265_PPS_SAMPLES } from "../../../testing/media/parameter_samples.ts";
import { accessUnitOf } from "../../../testing/media/h264_streams.ts";
import { assertMalformed, NoError, wellFormed } from "../../../testing/malformed.ts";

function kindsOf(accessUnits: readonly Uint8Array[]): string[] {
  return accessUnits.map((accessUnit) => {
    const { kind, sliceType } = wellFormed(h265PictureKind(accessUnit, 4))!;
    return `${kind} ${sliceType}`;
  });
}

// Types and key frames as `ffprobe -show_entries frame=pict_type,key_frame` shows them, in the order
// of decoding; NAL types by the Annex B file.
Deno.test("H.265 pictures of libx265: open GOP", () => {
  const b = "trailing B";
  const gop = ["idr I", "trailing P", b, b, b, "cra I", "rasl B", "rasl B", "trailing P", b, b, b];
  assertEquals(kindsOf(H265_STREAMS.openGop), [...gop, "trailing P", b]);
});

Deno.test("H.265 pictures of libx265: closed GOP in two slices", () => {
  const gop = ["idr I", "trailing P", "trailing P", "trailing P"];
  assertEquals(kindsOf(H265_STREAMS.lowDelay), [...gop, ...gop]);
});

Deno.test("H.265 pictures of libx265: leading pictures that can be decoded", () => {
  const first = ["idr I", "trailing P", "trailing B", "trailing B"];
  assertEquals(kindsOf(H265_STREAMS.radl), [...first, "idr I", "radl B", "radl B", "trailing P"]);
});

interface MadeSlice {
  readonly nalType: number;
  readonly isFirst?: boolean;
  readonly ppsId?: number;
  readonly extraBits?: number;
  readonly sliceType?: number;
  readonly layerId?: number;
}

function makeSlice(made: MadeSlice): Uint8Array<ArrayBuffer> {
  const { nalType, isFirst = true, ppsId = 0, extraBits = 0, sliceType = 2, layerId = 0 } = made;
  const bits = new BitWriter().bits(nalType, 7).bits(layerId, 6).bits(1, 3);
  bits.bits(isFirst ? 1 : 0, 1);
  if (nalType >= 16 && nalType <= 23) bits.bits(1, 1);
  bits.ue(ppsId).bits(0, extraBits).ue(sliceType);
  return addEmulationPrevention(bits.bits(0x5555, 16).take());
}

Deno.test("H.265 pictures: every NAL type", () => {
  const expected = (nalType: number) => {
    if (nalType < 6) return "trailing";
    if (nalType < 8) return "radl";
    if (nalType < 10) return "rasl";
    if (nalType < 16 || nalType > 21) return undefined;
    return nalType < 19 ? "bla" : nalType < 21 ? "idr" : "cra";
  };
  for (let nalType = 0; nalType < 64; nalType++) {
    const accessUnit = accessUnitOf(makeSlice({ nalType }));
    const picture = wellFormed(h265PictureKind(accessUnit, 4));
    assertEquals(picture?.kind, expected(nalType), `NAL type ${nalType}`);
    assertEquals(picture?.isKeyFrame, picture && nalType >= 16);
    assertEquals(isH265KeyFrame(accessUnit, 4), picture !== undefined && nalType >= 16);
    assertEquals(h265NalType(accessUnit.subarray(4)), nalType);
  }
});

Deno.test("H.265 pictures: slice types, by short codes and long", () => {
  const names = ["B", "P", "I"];
  for (const nalType of [1, 20]) {
    for (const ppsId of [0, 1, 7, 63]) {
      for (const extraBits of [0, 1, 7]) {
        for (const [sliceType, name] of names.entries()) {
          const slice = makeSlice({ nalType, ppsId, extraBits, sliceType });
          const picture = wellFormed(h265PictureKind(accessUnitOf(slice), 4, extraBits));
          assertEquals(picture?.sliceType, name, `${nalType} ${ppsId} ${extraBits} ${name}`);
        }
      }
    }
    for (const made of [{ sliceType: 3 }, { sliceType: 200 }, { ppsId: 64 }, { ppsId: 70_000 }]) {
      const slice = makeSlice({ nalType, ...made });
      assertEquals(wellFormed(h265PictureKind(accessUnitOf(slice), 4))?.sliceType, undefined);
    }
  }
});

Deno.test("H.265 key frames: by the NAL header alone, without what slices say", () => {
  assertEquals(H265_STREAMS.openGop.flatMap((unit, at) => isH265KeyFrame(unit, 4) ? [at] : []), [
    0,
    5,
  ]);
  assertEquals(isH265KeyFrame(accessUnitOf(fromHex("2801")), 4), true);
  assertEquals(isH265KeyFrame(accessUnitOf(makeSlice({ nalType: 19, layerId: 1 })), 4), false);
  assertEquals(isH265KeyFrame(accessUnitOf(fromHex("4601")), 4), false);
  assertEquals(isH265KeyFrame(fromHex("00000009 2801"), 4), false);
});

Deno.test("H.265 pictures: a constant for each kind", () => {
  const [first, second] = [H265_STREAMS.lowDelay[1]!, H265_STREAMS.lowDelay[2]!];
  assertStrictEquals(h265PictureKind(first, 4), h265PictureKind(second, 4));
  assertEquals(Object.isFrozen(h265PictureKind(first, 4)), true);
});

Deno.test("H.265 pictures: a slice that is not the first has no type", () => {
  const slice = makeSlice({ nalType: 19, isFirst: false });
  const expected = { kind: "idr", isKeyFrame: true, sliceType: undefined } as const;
  assertEquals(h265PictureKind(accessUnitOf(slice), 4), expected);
});

Deno.test("H.265 pictures: other layers and units without a slice are none", () => {
  const enhanced = makeSlice({ nalType: 19, layerId: 1 });
  const base = makeSlice({ nalType: 1, sliceType: 1 });
  assertEquals(h265PictureKind(accessUnitOf(enhanced), 4), undefined);
  assertEquals(h265PictureKind(accessUnitOf(enhanced, base), 4)?.kind, "trailing");
  assertEquals(h265LayerId(makeSlice({ nalType: 19, layerId: 63 })), 63);
  assertEquals(h265PictureKind(accessUnitOf(fromHex("4601"), fromHex("4e01050001")), 4), undefined);
  assertEquals(h265PictureKind(accessUnitOf(fromHex("02"), new Uint8Array(0)), 4), undefined);
  assertEquals(h265PictureKind(new Uint8Array(0), 4), undefined);
  assertEquals(h265PictureKind(accessUnitOf(fromHex("0201")), 4), {
    kind: "trailing",
    isKeyFrame: false,
    sliceType: undefined,
  });
  assertMalformed(h265PictureKind(fromHex("00000009 0201"), 4), "must end within it, got 13");
  // The forbidden bit makes it nothing that is known.
  assertEquals(h265PictureKind(accessUnitOf(fromHex("a80180")), 4), undefined);
});

Deno.test("H.265 NAL units: split by lengths of 1, 2 and 4 bytes, without those too short", () => {
  const hex = (units: Uint8Array[]) => units.map(toHex);
  assertEquals(hex(splitH265NalUnits(fromHex("03 4601aa 00 01 02 02 4e01"), 1)), [
    "4601aa",
    "4e01",
  ]);
  assertEquals(hex(splitH265NalUnits(fromHex("0003 4601aa 0000 0002 4e01"), 2)), [
    "4601aa",
    "4e01",
  ]);
  assertEquals(hex(splitH265NalUnits(fromHex("00000003 4601aa"), 4)), ["4601aa"]);
  assertThrows(
    () => splitH265NalUnits(fromHex("00000003 4601"), 4),
    CodecError,
    "must end within it, got 7",
  );
  assertThrows(() => splitH265NalUnits(fromHex("ffffffff 4601"), 4), CodecError, "got 4294967299");
  const many = (count: number) => fromHex("024601".repeat(count));
  assertEquals(splitH265NalUnits(many(MAX_NAL_UNITS), 1).length, MAX_NAL_UNITS);
  assertThrows(() => splitH265NalUnits(many(MAX_NAL_UNITS + 1), 1), CodecError, "NAL units");
});

Deno.test("H.265 access units: cut short anywhere, refused or without a picture", () => {
  const accessUnit = H265_STREAMS.openGop[0]!;
  for (let length = 0; length < accessUnit.length; length++) {
    const cut = accessUnit.subarray(0, length);
    try {
      h265PictureKind(cut, 4);
      splitH265NalUnits(cut, 4);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
    }
  }
});

Deno.test("H.265 PPS", () => {
  for (const nalUnit of H265_PPS_SAMPLES) {
    assertEquals(parseH265Pps(nalUnit), { id: 0, spsId: 0, extraSliceHeaderBits: 0 });
    assertThrows(() => parseH265Pps(nalUnit.subarray(0, 2)), CodecError);
  }
  const made = (id: number, spsId: number) =>
    addEmulationPrevention(
      new BitWriter().bits(0x4401, 16).ue(id).ue(spsId).bits(0b11, 2).bits(5, 3).bits(0, 40).take(),
    );
  assertEquals(parseH265Pps(made(63, 15)), { id: 63, spsId: 15, extraSliceHeaderBits: 5 });
  assertThrows(() => parseH265Pps(made(64, 0)), CodecError, "got 64 and 0");
  assertThrows(() => parseH265Pps(made(0, 16)), CodecError, "got 0 and 16");
  assertThrows(() => parseH265Pps(fromHex("4201c0")), CodecError, "got 33");
  assertThrows(() => parseH265Pps(new Uint8Array(0)), CodecError, "got 0");
});

Deno.test("H.265 access units and PPS survive mutations", () => {
  const samples = [...H265_STREAMS.openGop.slice(0, 7), ...H265_STREAMS.lowDelay.slice(0, 1)];
  surviveMutations(samples, (bytes) => h265PictureKind(bytes, 4), NoError, { count: 500 });
  surviveMutations(samples, (bytes) => splitH265NalUnits(bytes, 4), CodecError, { count: 500 });
  surviveMutations(H265_PPS_SAMPLES, parseH265Pps, CodecError);
});
