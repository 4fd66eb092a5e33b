import { assertEquals } from "@std/assert";
import { type Ac3SyncFrame, parseAc3SyncFrame } from "../../../src/codec/sound/ac3.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { BitWriter } from "../../../testing/media/bit_writer.ts";
import { AC3_SAMPLES } from "../../../testing/media/parameter_samples.ts";
import { assertMalformed, NoError, wellFormed } from "../../../testing/malformed.ts";

/** codec, Hz, channels, bytes of a frame, samples, bits a second: as ffprobe shows them. */
type Row = ["ac-3" | "ec-3", number, number, number, number, number];

const TABLE: Record<keyof typeof AC3_SAMPLES, Row> = {
  stereo: ["ac-3", 48_000, 2, 768, 1536, 192_000],
  mono: ["ac-3", 32_000, 1, 384, 1536, 64_000],
  surround: ["ac-3", 44_100, 6, 1670, 1536, 384_000],
  enhancedStereo: ["ec-3", 48_000, 2, 384, 1536, 96_000],
  enhancedSurround: ["ec-3", 44_100, 6, 834, 1536, 191_559],
};

function rowOf(frame: Ac3SyncFrame): Row {
  const { codec, sampleRate, channels, frameSize, samplesPerFrame, bitrateBps } = frame;
  return [codec, sampleRate, channels, frameSize, samplesPerFrame, bitrateBps];
}

for (const [name, row] of Object.entries(TABLE)) {
  Deno.test(`AC-3 frame of ffmpeg: ${name}`, () => {
    const bytes = AC3_SAMPLES[name as keyof typeof AC3_SAMPLES];
    const frame = wellFormed(parseAc3SyncFrame(bytes));
    assertEquals(rowOf(frame), row);
    assertEquals(frame.hasLowFrequencyChannel, name.toLowerCase().endsWith("surround"));
    assertEquals(frame.isDependent, false);
    for (let length = 0; length < 8; length++) {
      assertMalformed(parseAc3SyncFrame(bytes.subarray(0, length)), `8 bytes, got ${length}`);
    }
  });
}

interface MadeFrame {
  readonly rateCode?: number;
  readonly sizeCode?: number;
  readonly bsid?: number;
  readonly channelMode?: number;
  /** Bits between the channel mode and lfeon. */
  readonly mixBits?: number;
}

function makeAc3(made: MadeFrame): Uint8Array<ArrayBuffer> {
  const { rateCode = 0, sizeCode = 20, bsid = 8, channelMode = 2, mixBits = 2 } = made;
  const bits = new BitWriter().bits(0x0b77, 16).bits(0, 16).bits(rateCode, 2).bits(sizeCode, 6);
  bits.bits(bsid, 5).bits(0, 3).bits(channelMode, 3).bits(0, mixBits);
  return bits.bits(1, 1).bits(0, 20).take();
}

Deno.test("AC-3: channels of every mode, the low frequency one found behind the mixing levels", () => {
  const modes = [[2, 0], [1, 0], [2, 2], [3, 2], [3, 2], [4, 4], [4, 2], [5, 4]] as const;
  for (const [channelMode, [channels, mixBits]] of modes.entries()) {
    const frame = wellFormed(parseAc3SyncFrame(makeAc3({ channelMode, mixBits })));
    assertEquals([frame.channels, frame.hasLowFrequencyChannel], [channels + 1, true]);
  }
});

Deno.test("AC-3: sizes of frames (A/52 table 5.18)", () => {
  const words = (rateCode: number, sizeCode: number) =>
    wellFormed(parseAc3SyncFrame(makeAc3({ rateCode, sizeCode }))).frameSize / 2;
  const rows: readonly (readonly [sizeCode: number, at48: number, at44: number, at32: number])[] = [
    [0, 64, 69, 96],
    [1, 64, 70, 96],
    [2, 80, 87, 120],
    [9, 128, 140, 192],
    [16, 256, 278, 384],
    [17, 256, 279, 384],
    [31, 896, 976, 1344],
    [36, 1280, 1393, 1920],
    [37, 1280, 1394, 1920],
  ];
  for (const [sizeCode, ...sizes] of rows) {
    assertEquals([words(0, sizeCode), words(1, sizeCode), words(2, sizeCode)], sizes);
  }
});

Deno.test("AC-3: half and quarter sample rates", () => {
  const rates = [8, 9, 10].map((bsid) => {
    const frame = wellFormed(parseAc3SyncFrame(makeAc3({ bsid })));
    const { codec, sampleRate, bitrateBps, frameSize } = frame;
    return [codec, sampleRate, bitrateBps, frameSize];
  });
  assertEquals(rates, [
    ["ac-3", 48_000, 192_000, 768],
    ["ac-3", 24_000, 96_000, 768],
    ["ac-3", 12_000, 48_000, 768],
  ]);
});

interface MadeEnhanced {
  readonly streamType?: number;
  readonly size?: number;
  readonly rateCode?: number;
  readonly secondCode?: number;
  readonly channelMode?: number;
  readonly bsid?: number;
}

function makeEac3(made: MadeEnhanced): Uint8Array<ArrayBuffer> {
  const { streamType = 0, size = 383, rateCode = 0, secondCode = 3, channelMode = 7 } = made;
  const bits = new BitWriter().bits(0x0b77, 16).bits(streamType, 2).bits(1, 3).bits(size, 11);
  bits.bits(rateCode, 2).bits(secondCode, 2).bits(channelMode, 3).bits(1, 1);
  return bits.bits(made.bsid ?? 16, 5).bits(0, 19).take();
}

Deno.test("E-AC-3: 1 to 6 blocks, half sample rates, dependent frames", () => {
  const row = (made: MadeEnhanced) => rowOf(wellFormed(parseAc3SyncFrame(makeEac3(made))));
  assertEquals(row({ secondCode: 0 }), ["ec-3", 48_000, 6, 768, 256, 1_152_000]);
  assertEquals(row({ secondCode: 1 }), ["ec-3", 48_000, 6, 768, 512, 576_000]);
  assertEquals(row({ secondCode: 2 }), ["ec-3", 48_000, 6, 768, 768, 384_000]);
  assertEquals(row({ rateCode: 2, bsid: 11 }), ["ec-3", 32_000, 6, 768, 1536, 128_000]);
  assertEquals(row({ rateCode: 3, secondCode: 1 }), ["ec-3", 22_050, 6, 768, 1536, 88_200]);
  assertEquals(row({ size: 2047 })[3], 4096);
  assertEquals(row({ channelMode: 1 })[2], 2);
  assertEquals(wellFormed(parseAc3SyncFrame(makeEac3({ streamType: 1 }))).isDependent, true);
});

Deno.test("AC-3 and E-AC-3: refused", () => {
  const rows: readonly (readonly [bytes: Uint8Array, message: string])[] = [
    [fromHex("770b 0000 14 40 4000 00"), "must begin with 0x0b77, which is 2935, got 30475"],
    [makeAc3({ rateCode: 3 }), "fscod must be up to 2, got 3"],
    [makeAc3({ sizeCode: 38 }), "frmsizecod must be up to 37, got 38"],
    [makeEac3({ bsid: 17 }), "bsid must be up to 16, got 17"],
    [makeEac3({ streamType: 3 }), "strmtyp must be up to 2, got 3"],
    [makeEac3({ rateCode: 3, secondCode: 3 }), "fscod2 must be up to 2, got 3"],
  ];
  for (const [bytes, message] of rows) {
    assertMalformed(parseAc3SyncFrame(bytes), message);
  }
});

Deno.test("AC-3 survives mutations", () => {
  surviveMutations([...Object.values(AC3_SAMPLES), makeEac3({})], parseAc3SyncFrame, NoError);
});
