import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { type H264Sps, MAX_PICTURE_SIDE, parseH264Sps } from "../../../src/codec/h264/sps.ts";
import { SPS } from "../../../testing/media/corpus.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { addEmulationPrevention, BitWriter } from "../../../testing/media/bit_writer.ts";

/** What ffprobe shows of each stream, and libx264's own fields. */
const TABLE: Record<keyof typeof SPS, Partial<H264Sps>> = {
  baseline: {
    profileIdc: 66,
    profileCompatibility: 0xc0,
    levelIdc: 30,
    width: 640,
    height: 360,
    frameRate: 30,
    maxReorderFrames: 0,
    picOrderCntType: 2,
    picOrderCntLsbBits: 0,
  },
  main: {
    profileIdc: 77,
    levelIdc: 32,
    width: 1366,
    height: 768,
    frameRate: 25,
    maxReorderFrames: 0,
  },
  high: {
    profileIdc: 100,
    levelIdc: 40,
    width: 1920,
    height: 1080,
    frameRate: 30_000 / 1001,
    maxReorderFrames: 2,
    chromaFormatIdc: 1,
    bitDepthLuma: 8,
    frameMbsOnly: true,
    frameNumBits: 4,
    picOrderCntType: 0,
    picOrderCntLsbBits: 6,
    separateColourPlane: false,
    id: 0,
  },
  interlaced: {
    width: 1920,
    height: 1080,
    frameRate: 25,
    frameMbsOnly: false,
    maxReorderFrames: 2,
  },
  yuv444: { profileIdc: 244, width: 322, height: 182, frameRate: 24, chromaFormatIdc: 3 },
  yuv422: {
    profileIdc: 122,
    width: 854,
    height: 480,
    frameRate: 50,
    chromaFormatIdc: 2,
    bitDepthLuma: 10,
    bitDepthChroma: 10,
  },
  hrd: { width: 720, height: 576, frameRate: 25, maxReorderFrames: 2 },
};

for (const [name, expected] of Object.entries(TABLE)) {
  Deno.test(`SPS of libx264: ${name}`, () => {
    const sps = parseH264Sps(SPS[name as keyof typeof SPS]);
    const seen = Object.fromEntries(
      Object.keys(expected).map((key) => [key, sps[key as keyof H264Sps]]),
    );
    assertEquals(seen, expected);
  });
  Deno.test(`SPS of libx264: ${name}, cut short`, () => {
    const nalUnit = SPS[name as keyof typeof SPS];
    // The last byte may hold nothing but the stop bit.
    for (let length = 0; length < nalUnit.length - 1; length++) {
      assertThrows(() => parseH264Sps(nalUnit.subarray(0, length)), CodecError);
    }
  });
}

Deno.test("SPS: other NAL types are refused", () => {
  assertThrows(() => parseH264Sps(fromHex("68ef8fcb")), CodecError, "NAL type 7, got 8");
});

interface Made {
  readonly chromaFormatIdc?: number;
  readonly widthInMbs?: number;
  readonly heightInMbs?: number;
  readonly crop?: readonly [left: number, right: number, top: number, bottom: number];
  readonly maxRefFrames?: number;
  readonly scaling?: (bits: BitWriter) => void;
  readonly order?: (bits: BitWriter) => void;
  readonly vui?: (bits: BitWriter) => void;
}

/** A progressive high-profile SPS. */
function makeSps(made: Made): Uint8Array<ArrayBuffer> {
  const { chromaFormatIdc = 1, widthInMbs = 20, heightInMbs = 12, maxRefFrames = 1 } = made;
  const bits = new BitWriter().bits(0x67, 8).bits(100, 8).bits(0, 8).bits(31, 8).ue(0);
  bits.ue(chromaFormatIdc);
  if (chromaFormatIdc === 3) bits.bits(0, 1);
  bits.ue(0).ue(0).bits(0, 1).bits(made.scaling ? 1 : 0, 1);
  made.scaling?.(bits);
  bits.ue(4);
  if (made.order) made.order(bits);
  else bits.ue(2);
  bits.ue(maxRefFrames).bits(0, 1).ue(widthInMbs - 1).ue(heightInMbs - 1).bits(0b11, 2);
  bits.bits(made.crop ? 1 : 0, 1);
  for (const offset of made.crop ?? []) bits.ue(offset);
  bits.bits(made.vui ? 1 : 0, 1);
  made.vui?.(bits);
  return addEmulationPrevention(bits.bits(1, 1).take());
}

Deno.test("SPS: cropping counts in units of the chroma format", () => {
  const size = (chromaFormatIdc: number) => {
    const { width, height } = parseH264Sps(makeSps({ chromaFormatIdc, crop: [1, 2, 3, 4] }));
    return [width, height];
  };
  assertEquals(size(0), [320 - 3, 192 - 7]);
  assertEquals(size(1), [320 - 6, 192 - 14]);
  assertEquals(size(2), [320 - 6, 192 - 7]);
  assertEquals(size(3), [320 - 3, 192 - 7]);
});

Deno.test("SPS: cropping must leave a picture", () => {
  assertEquals(parseH264Sps(makeSps({ chromaFormatIdc: 3, crop: [319, 0, 0, 191] })).width, 1);
  const nothing = [[160, 0, 0, 0], [0, 0, 0, 96], [2 ** 31 - 2, 2 ** 31 - 2, 0, 0]] as const;
  for (const crop of nothing) {
    assertThrows(() => parseH264Sps(makeSps({ crop })), CodecError, "size must be");
  }
});

Deno.test("SPS: sides up to the limit", () => {
  const most = MAX_PICTURE_SIDE / 16;
  const { width, height } = parseH264Sps(makeSps({ widthInMbs: most, heightInMbs: most }));
  assertEquals([width, height], [MAX_PICTURE_SIDE, MAX_PICTURE_SIDE]);
  assertThrows(() => parseH264Sps(makeSps({ widthInMbs: most + 1 })), CodecError, "pic_width");
  assertThrows(() => parseH264Sps(makeSps({ heightInMbs: most + 1 })), CodecError, "pic_height");
});

Deno.test("SPS: reference frames up to the limit", () => {
  assertEquals(parseH264Sps(makeSps({ maxRefFrames: 16 })).maxRefFrames, 16);
  assertThrows(() => parseH264Sps(makeSps({ maxRefFrames: 17 })), CodecError, "got 17");
});

Deno.test("SPS: scaling lists, whole, cut by a next scale of 0, and absent", () => {
  const scaling = (bits: BitWriter) => {
    bits.bits(1, 1);
    for (let index = 0; index < 16; index++) bits.se(index % 2 === 0 ? 3 : -3);
    bits.bits(1, 1).se(-8); // 8 - 8 = 0: the default list
    bits.bits(0, 4);
    bits.bits(1, 1);
    for (let index = 0; index < 64; index++) bits.se(1);
    bits.bits(1, 1).se(120).se(-128); // wraps around 256
  };
  const { width, height } = parseH264Sps(makeSps({ scaling }));
  assertEquals([width, height], [320, 192]);
  const twelve = (bits: BitWriter) => bits.bits(0, 12);
  assertEquals(parseH264Sps(makeSps({ chromaFormatIdc: 3, scaling: twelve })).width, 320);
});

Deno.test("SPS: picture order of type 1", () => {
  const order = (bits: BitWriter) => bits.ue(1).bits(1, 1).se(-2).se(2).ue(2).se(4).se(-4);
  const sps = parseH264Sps(makeSps({ order }));
  assertEquals([sps.picOrderCntType, sps.deltaPicOrderAlwaysZero, sps.width], [1, true, 320]);
  const tooMany = (bits: BitWriter) => bits.ue(1).bits(1, 1).se(0).se(0).ue(256);
  assertThrows(() => parseH264Sps(makeSps({ order: tooMany })), CodecError, "up to 255, got 256");
});

Deno.test("SPS: a VUI with timing of 0 gives no frame rate, and no restriction no reordering", () => {
  const vui = (timing: number) => (bits: BitWriter) =>
    bits.bits(0, 4).bits(1, 1).bits(timing, 32).bits(timing * 60, 32).bits(0, 5);
  assertEquals(parseH264Sps(makeSps({ vui: vui(0) })).frameRate, undefined);
  const sps = parseH264Sps(makeSps({ vui: vui(1) }));
  assertEquals([sps.frameRate, sps.maxReorderFrames], [30, undefined]);
  assertEquals(parseH264Sps(makeSps({})).frameRate, undefined);
});

Deno.test("SPS: a VUI with every field, and its limits", () => {
  const vui = (cpbCount: number, reorder: number) => (bits: BitWriter) => {
    bits.bits(1, 1).bits(255, 8).bits(0, 32); // written out aspect ratio
    bits.bits(0b11, 2); // overscan
    bits.bits(1, 1).bits(0, 4).bits(1, 1).bits(0, 24); // colour
    bits.bits(1, 1).ue(1).ue(1); // chroma location
    bits.bits(1, 1).bits(1, 32).bits(100, 32).bits(1, 1);
    for (const count of [1, cpbCount]) {
      bits.bits(1, 1).ue(count - 1).bits(0, 8);
      for (let index = 0; index < count; index++) bits.ue(9).ue(9).bits(0, 1);
      bits.bits(0, 20);
    }
    bits.bits(0, 2).bits(1, 1).bits(1, 1).ue(0).ue(0).ue(10).ue(10).ue(reorder).ue(16);
  };
  const sps = parseH264Sps(makeSps({ vui: vui(32, 16) }));
  assertEquals([sps.frameRate, sps.maxReorderFrames], [50, 16]);
  assertThrows(() => parseH264Sps(makeSps({ vui: vui(33, 0) })), CodecError, "cpb_cnt");
  assertThrows(() => parseH264Sps(makeSps({ vui: vui(1, 17) })), CodecError, "reorder");
});

Deno.test("SPS survives mutations", () => {
  surviveMutations(Object.values(SPS), parseH264Sps, CodecError);
});
