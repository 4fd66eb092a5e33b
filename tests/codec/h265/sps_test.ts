import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { h265CodecString } from "../../../src/codec/h265/h265.ts";
import { type H265Sps, parseH265Sps } from "../../../src/codec/h265/sps.ts";
import { MAX_PICTURE_SIDE } from "../../../src/codec/h264/sps.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { addEmulationPrevention, BitWriter } from "../../../testing/media/bit_writer.ts";
import { H265_SPS } from "../../../testing/media/parameter_samples.ts";

const UNSPECIFIED = { primaries: 2, transfer: 2, matrix: 2, isFullRange: false };

/** What ffprobe shows of each stream. */
const TABLE: Record<keyof typeof H265_SPS, Partial<H265Sps>> = {
  main: {
    profileIdc: 1,
    levelIdc: 60,
    id: 0,
    temporalLayers: 1,
    width: 320,
    height: 180,
    chromaFormatIdc: 1,
    bitDepthLuma: 8,
    bitDepthChroma: 8,
    maxReorderPictures: 2,
    frameRate: 25,
    colour: UNSPECIFIED,
    isFieldSequence: false,
  },
  odd: { width: 322, height: 182, frameRate: 30_000 / 1001, maxReorderPictures: 0 },
  main10: {
    profileIdc: 2,
    width: 130,
    height: 74,
    bitDepthLuma: 10,
    bitDepthChroma: 10,
    frameRate: 50,
    colour: { primaries: 9, transfer: 16, matrix: 9, isFullRange: false },
  },
  yuv444: { profileIdc: 4, width: 100, height: 74, chromaFormatIdc: 3, bitDepthLuma: 8 },
  yuv422: {
    profileIdc: 4,
    levelIdc: 93,
    width: 854,
    height: 480,
    chromaFormatIdc: 2,
    bitDepthLuma: 12,
    frameRate: 60,
  },
  gray: {
    width: 128,
    height: 96,
    chromaFormatIdc: 0,
    colour: { ...UNSPECIFIED, isFullRange: true },
  },
  interlaced: {
    levelIdc: 90,
    temporalLayers: 2,
    width: 720,
    height: 576,
    maxReorderPictures: 2,
    frameRate: 25,
    isFieldSequence: true,
  },
};

for (const [name, expected] of Object.entries(TABLE)) {
  const nalUnit = H265_SPS[name as keyof typeof H265_SPS];
  Deno.test(`SPS of libx265: ${name}`, () => {
    const sps = parseH265Sps(nalUnit);
    const seen = Object.fromEntries(
      Object.keys(expected).map((key) => [key, sps[key as keyof H265Sps]]),
    );
    assertEquals(seen, expected);
    assertEquals(parseH265Sps(Uint8Array.of(...nalUnit, 0xff)), sps);
  });
  Deno.test(`SPS of libx265: ${name}, cut short`, () => {
    for (let length = 0; length < nalUnit.length; length++) {
      try {
        // What comes behind the frame rate is not looked at.
        assertEquals(parseH265Sps(nalUnit.subarray(0, length)), parseH265Sps(nalUnit));
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        continue;
      }
      assertEquals(length > nalUnit.length / 2, true);
    }
  });
}

Deno.test("SPS names the codec as the configuration does", () => {
  assertEquals(h265CodecString(parseH265Sps(H265_SPS.main)), "hvc1.1.6.L60.90");
  assertEquals(h265CodecString(parseH265Sps(H265_SPS.yuv422)), "hvc1.4.10.L93.99.8");
});

interface MadeSps {
  readonly layers?: number;
  /** Flags of profile and level of each sub-layer but the highest. */
  readonly layerFlags?: readonly (readonly [hasProfile: 0 | 1, hasLevel: 0 | 1])[];
  readonly id?: number;
  readonly chromaFormatIdc?: number;
  readonly size?: readonly [width: number, height: number];
  readonly crop?: readonly [left: number, right: number, top: number, bottom: number];
  readonly bitDepthLess8?: number;
  readonly orderBitsLess4?: number;
  readonly reorder?: readonly number[];
  readonly writeScalingLists?: (bits: BitWriter) => void;
  readonly hasPcm?: boolean;
  readonly writeReferenceSets?: (bits: BitWriter) => void;
  readonly writeVui?: (bits: BitWriter) => void;
}

/** An SPS of 320x192 with nothing unusual but what is asked for. */
function makeSps(made: MadeSps = {}): Uint8Array<ArrayBuffer> {
  const { layers = 1, layerFlags = [], chromaFormatIdc = 1, size = [320, 192], crop } = made;
  const bits = new BitWriter().bits(0x4201, 16).bits(0, 4).bits(layers - 1, 3).bits(1, 1);
  bits.bits(0b10_1_00010, 8).bits(0x2000_0000, 32).bits(0xb000, 16).bits(0, 32).bits(120, 8);
  for (const [profile, level] of layerFlags) bits.bits(profile, 1).bits(level, 1);
  if (layers > 1) bits.bits(0, 16 - 2 * layerFlags.length);
  for (const [profile, level] of layerFlags) {
    for (let left = (profile ? 88 : 0) + (level ? 8 : 0); left > 0; left -= 8) bits.bits(0xff, 8);
  }
  bits.ue(made.id ?? 0).ue(chromaFormatIdc);
  if (chromaFormatIdc === 3) bits.bits(0, 1);
  bits.ue(size[0]).ue(size[1]).bits(crop ? 1 : 0, 1);
  for (const side of crop ?? []) bits.ue(side);
  bits.ue(made.bitDepthLess8 ?? 0).ue(0).ue(made.orderBitsLess4 ?? 4);
  const reorder = made.reorder ?? [0];
  bits.bits(reorder.length === layers ? 1 : 0, 1);
  for (const pictures of reorder) bits.ue(4).ue(pictures).ue(0);
  for (let sizes = 0; sizes < 6; sizes++) bits.ue(1);
  bits.bits(made.writeScalingLists ? 0b11 : 0, made.writeScalingLists ? 2 : 1);
  made.writeScalingLists?.(bits);
  bits.bits(0b11, 2).bits(made.hasPcm ? 1 : 0, 1);
  if (made.hasPcm) bits.bits(0x77, 8).ue(0).ue(2).bits(1, 1);
  if (made.writeReferenceSets) made.writeReferenceSets(bits);
  else bits.ue(0).bits(0, 1);
  bits.bits(0b11, 2).bits(made.writeVui ? 1 : 0, 1);
  made.writeVui?.(bits);
  return addEmulationPrevention(bits.bits(0, 1).bits(0x80, 8).take());
}

/** A VUI with nothing but a frame rate of 50, which shows that all before it was read in step. */
function writeRate(bits: BitWriter): void {
  bits.bits(0, 4).bits(0, 3).bits(0, 1).bits(1, 1).bits(1, 32).bits(50, 32);
}

Deno.test("SPS: profile, tier and level", () => {
  const { profileSpace, tier, profileIdc, levelIdc } = parseH265Sps(makeSps());
  assertEquals([profileSpace, tier, profileIdc, levelIdc], [2, "high", 2, 120]);
  assertEquals(h265CodecString(parseH265Sps(makeSps())), "hvc1.B2.4.H120.B0");
  assertEquals(parseH265Sps(makeSps()).frameRate, undefined);
});

Deno.test("SPS: sub-layers with profiles and levels of their own", () => {
  const layerFlags = [[1, 1], [0, 1], [1, 0]] as const;
  const made = { layers: 4, layerFlags, writeVui: writeRate };
  const each = parseH265Sps(makeSps({ ...made, reorder: [0, 1, 2, 3] }));
  assertEquals([each.temporalLayers, each.maxReorderPictures, each.frameRate], [4, 3, 50]);
  const highest = parseH265Sps(makeSps({ ...made, reorder: [2] }));
  assertEquals([highest.maxReorderPictures, highest.frameRate], [2, 50]);
});

Deno.test("SPS: the conformance window counts chroma samples", () => {
  const crop = [1, 2, 3, 4] as const;
  const sizeOf = (chromaFormatIdc: number) => {
    const { width, height } = parseH265Sps(makeSps({ chromaFormatIdc, crop }));
    return [width, height];
  };
  assertEquals([0, 1, 2, 3].map(sizeOf), [[317, 185], [314, 178], [314, 185], [317, 185]]);
  assertThrows(() => parseH265Sps(makeSps({ crop: [160, 0, 0, 0] })), CodecError, "got 0x192");
  assertThrows(() => parseH265Sps(makeSps({ crop: [0, 0, 2 ** 31, 0] })), CodecError, "320x-");
});

Deno.test("SPS: scaling lists, PCM and reference picture sets are read over", () => {
  const writeScalingLists = (bits: BitWriter) => {
    for (let list = 0; list < 20; list++) {
      if (list % 3 === 1) {
        bits.bits(0, 1).ue(1);
        continue;
      }
      bits.bits(1, 1);
      if (list >= 12) bits.se(8);
      for (let index = 0; index < (list < 6 ? 16 : 64); index++) bits.se(index % 3 - 1);
    }
  };
  const writeReferenceSets = (bits: BitWriter) => {
    bits.ue(4).ue(2).ue(1); // a set of two before and one after
    for (let picture = 0; picture < 3; picture++) bits.ue(picture).bits(1, 1);
    bits.bits(1, 1).bits(1, 1).ue(0).bits(0b1, 1).bits(0b01, 2).bits(0b00, 2).bits(1, 1); // 3 of 4
    bits.bits(1, 1).bits(0, 1).ue(3).bits(0b1111, 4); // 4 of 4: predicted from three
    bits.bits(0, 1).ue(0).ue(0);
    bits.bits(1, 1).ue(2).bits(0x1234, 18); // two long-term pictures
  };
  const made = { writeScalingLists, hasPcm: true, writeReferenceSets, writeVui: writeRate };
  assertEquals(parseH265Sps(makeSps(made)).frameRate, 50);
});

Deno.test("SPS: everything a VUI may have in front of the frame rate", () => {
  const writeVui = (bits: BitWriter) => {
    bits.bits(1, 1).bits(255, 8).bits(16, 16).bits(11, 16); // sample aspect ratio
    bits.bits(0b11, 2).bits(1, 1).bits(5, 3).bits(1, 1).bits(1, 1).bits(1, 8).bits(13, 8).bits(
      0,
      8,
    );
    bits.bits(1, 1).ue(2).ue(3); // chroma sample location
    bits.bits(0b010, 3).bits(1, 1).ue(1).ue(2).ue(3).ue(4); // field sequence, display window
    bits.bits(1, 1).bits(1001, 32).bits(60_000, 32);
  };
  const { width, colour, isFieldSequence, frameRate } = parseH265Sps(makeSps({ writeVui }));
  assertEquals(colour, { primaries: 1, transfer: 13, matrix: 0, isFullRange: true });
  assertEquals([width, isFieldSequence, frameRate], [320, true, 60_000 / 1001]);
});

Deno.test("SPS: limits, at and above", () => {
  const side = MAX_PICTURE_SIDE;
  const writeSets = (count: number) => (bits: BitWriter) => {
    bits.ue(count);
    for (let set = 0; set < count; set++) bits.bits(0, set > 0 ? 1 : 0).ue(0).ue(0);
    bits.bits(0, 1);
  };
  const writePictures = (negative: number, positive: number) => (bits: BitWriter) => {
    bits.ue(1).ue(negative).ue(positive);
    for (let left = negative + positive; left > 0; left--) bits.ue(0).bits(1, 1);
    bits.bits(0, 1);
  };
  const writeLongTerm = (count: number) => (bits: BitWriter) => {
    bits.ue(0).bits(1, 1).ue(count);
    for (let left = count; left > 0; left--) bits.bits(0, 9);
  };
  const rows: readonly (readonly [at: MadeSps, above: MadeSps, name: string])[] = [
    [{ id: 15 }, { id: 16 }, "id"],
    [{ chromaFormatIdc: 3 }, { chromaFormatIdc: 4 }, "chroma_format_idc"],
    [{ size: [side, 64] }, { size: [side + 1, 64] }, "pic_width"],
    [{ size: [64, side] }, { size: [64, side + 1] }, "pic_height"],
    [{ bitDepthLess8: 8 }, { bitDepthLess8: 9 }, "bit_depth"],
    [{ orderBitsLess4: 12 }, { orderBitsLess4: 13 }, "log2_max_pic_order"],
    [{ reorder: [15] }, { reorder: [16] }, "sps_max_num_reorder_pics"],
    [{ writeReferenceSets: writeSets(64) }, { writeReferenceSets: writeSets(65) }, "short_term"],
    [
      { writeReferenceSets: writePictures(16, 0) },
      { writeReferenceSets: writePictures(17, 0) },
      "negative",
    ],
    [
      { writeReferenceSets: writePictures(9, 7) },
      { writeReferenceSets: writePictures(9, 8) },
      "positive",
    ],
    [
      { writeReferenceSets: writeLongTerm(32) },
      { writeReferenceSets: writeLongTerm(33) },
      "long_term",
    ],
    [{ layers: 7, reorder: [1] }, { layers: 8, reorder: [1] }, "sub_layers"],
  ];
  for (const [at, above, name] of rows) {
    assertEquals(parseH265Sps(makeSps({ ...at, writeVui: writeRate })).frameRate, 50, name);
    assertThrows(() => parseH265Sps(makeSps(above)), CodecError, name);
  }
  assertThrows(() => parseH265Sps(makeSps({ size: [0, 64] })), CodecError, "got 0x64");
});

Deno.test("SPS: refused as another NAL unit, or of another layer", () => {
  assertThrows(() => parseH265Sps(fromHex("4401c073")), CodecError, "got type 34 of layer 0");
  const enhanced = H265_SPS.main.slice();
  enhanced[1] = 0x09;
  assertThrows(() => parseH265Sps(enhanced), CodecError, "got type 33 of layer 1");
  assertThrows(() => parseH265Sps(new Uint8Array(0)), CodecError, "got type 0");
});

Deno.test("SPS of H.265 survives mutations", () => {
  surviveMutations(Object.values(H265_SPS), parseH265Sps, CodecError);
});
