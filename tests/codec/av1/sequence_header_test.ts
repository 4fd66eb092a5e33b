import { assertEquals, assertThrows } from "@std/assert";
import {
  type Av1SequenceHeader,
  parseAv1SequenceHeader,
} from "../../../src/codec/av1/sequence_header.ts";
import { BitReader } from "../../../src/bytes/bit_reader.ts";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { BitWriter } from "../../../testing/media/bit_writer.ts";
import { AV1_SEQUENCE_HEADERS } from "../../../testing/media/parameter_samples.ts";

const UNSPECIFIED = { primaries: 2, transfer: 2, matrix: 2, isFullRange: false };

/** What ffprobe shows of each stream. */
const TABLE: Record<keyof typeof AV1_SEQUENCE_HEADERS, Partial<Av1SequenceHeader>> = {
  realtime: {
    profile: 0,
    levelIndex: 0,
    tier: "main",
    operatingPoints: [{ idc: 0, levelIndex: 0, tier: "main" }],
    width: 320,
    height: 180,
    frameRate: undefined,
    isStillPicture: false,
    hasReducedHeaders: false,
    bitDepth: 8,
    isMonochrome: false,
    chromaSubsamplingX: 1,
    chromaSubsamplingY: 1,
    chromaSamplePosition: 0,
    colour: UNSPECIFIED,
  },
  tenBits: {
    profile: 0,
    width: 130,
    height: 74,
    bitDepth: 10,
    colour: { primaries: 9, transfer: 16, matrix: 9, isFullRange: false },
  },
  yuv444: { profile: 1, width: 100, height: 74, chromaSubsamplingX: 0, chromaSubsamplingY: 0 },
  yuv422: {
    profile: 2,
    width: 160,
    height: 90,
    bitDepth: 12,
    chromaSubsamplingX: 1,
    chromaSubsamplingY: 0,
  },
  gray: {
    width: 96,
    height: 64,
    isMonochrome: true,
    colour: { ...UNSPECIFIED, isFullRange: true },
  },
  still: { width: 160, height: 90, isStillPicture: true, hasReducedHeaders: true },
  rav1e: { width: 256, height: 144, levelIndex: 31 },
};

for (const [name, expected] of Object.entries(TABLE)) {
  const payload = AV1_SEQUENCE_HEADERS[name as keyof typeof AV1_SEQUENCE_HEADERS];
  Deno.test(`AV1 sequence header: ${name}`, () => {
    const header = parseAv1SequenceHeader(payload);
    const seen = Object.fromEntries(
      Object.keys(expected).map((key) => [key, header[key as keyof Av1SequenceHeader]]),
    );
    assertEquals(seen, expected);
    assertEquals(parseAv1SequenceHeader(Uint8Array.of(...payload, 0xff)), header);
  });
  Deno.test(`AV1 sequence header: ${name}, where its size is`, () => {
    const { width, height, places } = parseAv1SequenceHeader(payload);
    const bits = new BitReader(payload);
    bits.skip(places.size);
    assertEquals([bits.bits(places.widthBits), bits.bits(places.heightBits)], [
      width - 1,
      height - 1,
    ]);
  });
  Deno.test(`AV1 sequence header: ${name}, cut short`, () => {
    // The last byte or two may hold nothing but film grain, the trailing bit and padding.
    for (let length = 0; length < payload.length - 2; length++) {
      assertThrows(() => parseAv1SequenceHeader(payload.subarray(0, length)), CodecError);
    }
  });
}

interface MadeHeader {
  readonly profile?: number;
  readonly writeTiming?: (bits: BitWriter) => void;
  readonly writePoints?: (bits: BitWriter) => void;
  readonly frameIdBits?: readonly [deltaLess2: number, idLess1: number];
  readonly writeTools?: (bits: BitWriter) => void;
  readonly writeColour?: (bits: BitWriter) => void;
}

/** A sequence header of 640x360 with nothing unusual but what is asked for. */
function makeHeader(made: MadeHeader = {}): Uint8Array<ArrayBuffer> {
  const bits = new BitWriter().bits(made.profile ?? 0, 3).bits(0b00, 2);
  if (made.writeTiming) made.writeTiming(bits.bits(1, 1));
  else bits.bits(0, 1);
  if (made.writePoints) made.writePoints(bits);
  else bits.bits(0, 1).bits(0, 5).bits(0, 12).bits(5, 5);
  bits.bits(9, 4).bits(8, 4).bits(639, 10).bits(359, 9).bits(made.frameIdBits ? 1 : 0, 1);
  if (made.frameIdBits) bits.bits(made.frameIdBits[0], 4).bits(made.frameIdBits[1], 3);
  bits.bits(0b011, 3);
  if (made.writeTools) made.writeTools(bits);
  else bits.bits(0, 4).bits(0, 1).bits(1, 1).bits(1, 1);
  bits.bits(0, 3);
  if (made.writeColour) made.writeColour(bits);
  else bits.bits(0b000, 3).bits(0, 1).bits(2, 2);
  return bits.bits(0, 2).bits(1, 1).bits(0, 64).take();
}

Deno.test("AV1 sequence header: operating points of temporal and spatial layers", () => {
  const writePoints = (bits: BitWriter) => {
    bits.bits(1, 1).bits(2, 5); // initial display delays, three points
    bits.bits(0x307, 12).bits(13, 5).bits(1, 1).bits(1, 1).bits(9, 4);
    bits.bits(0x103, 12).bits(8, 5).bits(0, 1).bits(0, 1);
    bits.bits(0x101, 12).bits(7, 5).bits(1, 1).bits(3, 4);
  };
  const header = parseAv1SequenceHeader(makeHeader({ writePoints }));
  assertEquals(header.operatingPoints, [
    { idc: 0x307, levelIndex: 13, tier: "high" },
    { idc: 0x103, levelIndex: 8, tier: "main" },
    { idc: 0x101, levelIndex: 7, tier: "main" },
  ]);
  assertEquals([header.levelIndex, header.tier, header.width], [13, "high", 640]);
  // profile and two flags, no timing, delays and count; then each with 10 bits or so behind it.
  assertEquals(header.places.idcs, [12, 35, 54]);
  const writeAll = (bits: BitWriter) => {
    bits.bits(0, 1).bits(31, 5);
    for (let point = 0; point < 32; point++) bits.bits(point, 12).bits(1, 5);
  };
  assertEquals(
    parseAv1SequenceHeader(makeHeader({ writePoints: writeAll })).operatingPoints.length,
    32,
  );
});

Deno.test("AV1 sequence header: frame rate, with a decoder model and without", () => {
  const rate = (writeTiming: (bits: BitWriter) => void, made: MadeHeader = {}) => {
    const { frameRate, width, height } = parseAv1SequenceHeader(
      makeHeader({ writeTiming, ...made }),
    );
    assertEquals([width, height], [640, 360]);
    return frameRate;
  };
  const info = (bits: BitWriter, units: number, scale: number) =>
    bits.bits(units, 32).bits(scale, 32);
  assertEquals(rate((bits) => info(bits, 1001, 60_000).bits(1, 1).ue(1).bits(0, 1)), 30_000 / 1001);
  assertEquals(rate((bits) => info(bits, 1, 25).bits(0, 1).bits(0, 1)), undefined);
  assertEquals(rate((bits) => info(bits, 0, 25).bits(1, 1).ue(0).bits(0, 1)), undefined);
  assertEquals(rate((bits) => info(bits, 1, 0).bits(1, 1).ue(0).bits(0, 1)), undefined);
  const writeModel = (bits: BitWriter) =>
    info(bits, 1, 50).bits(1, 1).ue(0).bits(1, 1).bits(9, 5).bits(1000, 32).bits(3, 5).bits(4, 5);
  const writePoints = (bits: BitWriter) => {
    bits.bits(1, 1).bits(1, 5);
    bits.bits(0, 12).bits(9, 5).bits(0, 1).bits(1, 1).bits(5, 10).bits(6, 10).bits(1, 1).bits(0, 1);
    bits.bits(0, 12).bits(4, 5).bits(0, 1).bits(1, 1).bits(2, 4);
  };
  assertEquals(rate(writeModel, { writePoints }), 50);
});

Deno.test("AV1 sequence header: frame ids and tools are read over", () => {
  const rows: readonly ((bits: BitWriter) => void)[] = [
    (bits) => bits.bits(0b1111, 4).bits(1, 1).bits(0b11, 2).bits(1, 1).bits(1, 1).bits(6, 3),
    (bits) => bits.bits(0, 4).bits(0, 1).bits(0, 1).bits(0, 1), // no screen content
    (bits) => bits.bits(0, 4).bits(0, 1).bits(0, 1).bits(1, 1).bits(0, 1).bits(1, 1),
    (bits) => bits.bits(0, 4).bits(1, 1).bits(0, 2).bits(0, 1).bits(1, 1).bits(1, 1).bits(7, 3),
  ];
  for (const writeTools of rows) {
    const header = parseAv1SequenceHeader(makeHeader({ writeTools, frameIdBits: [12, 0] }));
    assertEquals([header.chromaSamplePosition, header.bitDepth], [2, 8]);
  }
  for (const frameIdBits of [[13, 0], [6, 7]] as const) {
    assertEquals(parseAv1SequenceHeader(makeHeader({ frameIdBits })).width, 640);
  }
  for (const frameIdBits of [[14, 0], [7, 7]] as const) {
    const above = makeHeader({ frameIdBits });
    assertThrows(() => parseAv1SequenceHeader(above), CodecError, "up to 16 bits, got 17");
  }
});

Deno.test("AV1 sequence header: formats of each profile", () => {
  const describe = (bits: BitWriter, primaries: number, transfer: number, matrix: number) =>
    bits.bits(1, 1).bits(primaries, 8).bits(transfer, 8).bits(matrix, 8);
  type Row = [
    profile: number,
    write: (bits: BitWriter) => void,
    format: [depth: number, x: number, y: number, position: number],
  ];
  const rows: readonly Row[] = [
    [0, (bits) => bits.bits(0b100, 3).bits(1, 1).bits(1, 2), [10, 1, 1, 1]],
    [0, (bits) => bits.bits(0b010, 3).bits(1, 1), [8, 1, 1, 0]], // monochrome
    [1, (bits) => bits.bits(0b10, 2).bits(1, 1), [10, 0, 0, 0]],
    [1, (bits) => describe(bits.bits(0, 1), 1, 13, 0), [8, 0, 0, 0]], // sRGB
    [2, (bits) => bits.bits(0b000, 3).bits(0, 1), [8, 1, 0, 0]],
    [2, (bits) => bits.bits(0b1000, 4).bits(0, 1), [10, 1, 0, 0]],
    [2, (bits) => bits.bits(0b1100, 4).bits(0, 1).bits(0b11, 2).bits(2, 2), [12, 1, 1, 2]],
    [2, (bits) => bits.bits(0b1100, 4).bits(0, 1).bits(0b10, 2), [12, 1, 0, 0]],
    [2, (bits) => bits.bits(0b1100, 4).bits(0, 1).bits(0, 1), [12, 0, 0, 0]],
    [2, (bits) => describe(bits.bits(0b110, 3), 1, 13, 0), [12, 0, 0, 0]],
  ];
  for (const [profile, writeColour, format] of rows) {
    const header = parseAv1SequenceHeader(makeHeader({ profile, writeColour }));
    const { bitDepth, chromaSubsamplingX, chromaSubsamplingY, chromaSamplePosition } = header;
    assertEquals([bitDepth, chromaSubsamplingX, chromaSubsamplingY, chromaSamplePosition], format);
  }
  const srgb = parseAv1SequenceHeader(makeHeader({ profile: 1, writeColour: rows[3]![1] }));
  assertEquals(srgb.colour, { primaries: 1, transfer: 13, matrix: 0, isFullRange: true });
});

Deno.test("AV1 sequence header: the largest size, and a reserved profile", () => {
  const largest = fromHex("18 3fffffffffc0 0000 00");
  const { width, height } = parseAv1SequenceHeader(largest);
  assertEquals([width, height], [65_536, 65_536]);
  assertThrows(() => parseAv1SequenceHeader(makeHeader({ profile: 3 })), CodecError, "got 3");
});

Deno.test("AV1 sequence header survives mutations", () => {
  const samples = Object.values(AV1_SEQUENCE_HEADERS);
  surviveMutations(samples, parseAv1SequenceHeader, CodecError);
});
