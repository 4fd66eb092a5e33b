import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { parseVp9Configuration, vp9CodecString } from "../../../src/codec/vp9/vp9.ts";
import {
  isVp9KeyFrame,
  parseVp9FrameHeader,
  type Vp9FrameHeader,
} from "../../../src/codec/vp9/frame.ts";
import { splitVp9Superframe } from "../../../testing/media/vp9_superframe.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { BitWriter } from "../../../testing/media/bit_writer.ts";
import { VP_STREAMS } from "../../../testing/media/bitstreams.ts";
import { VP9_KEY_FRAMES, VPCC } from "../../../testing/media/parameter_samples.ts";

const UNSPECIFIED = { primaries: 2, transfer: 2, matrix: 2, isFullRange: false };

Deno.test("vpcC of ffmpeg, with version and flags or bare", () => {
  const main = { profile: 0, level: 11, bitDepth: 8, chromaSubsampling: 1, colour: UNSPECIFIED };
  assertEquals(parseVp9Configuration(VPCC.main), main);
  assertEquals(parseVp9Configuration(VPCC.bare), main);
  assertEquals(parseVp9Configuration(VPCC.withoutLevel), { ...main, level: 0 });
  assertEquals(parseVp9Configuration(VPCC.yuv444), {
    ...main,
    profile: 1,
    level: 10,
    chromaSubsampling: 3,
  });
  const hdr = parseVp9Configuration(fromHex("01000000 02 1f a3 091009 0000 ffff"));
  assertEquals([hdr.profile, hdr.level, hdr.bitDepth], [2, 31, 10]);
  assertEquals(hdr.colour, { primaries: 9, transfer: 16, matrix: 9, isFullRange: true });
  // Profile 1 without version and flags begins like a version.
  assertEquals(parseVp9Configuration(fromHex("010a860202020000")).chromaSubsampling, 3);
});

Deno.test("vpcC: refused if cut short, or of no profile or depth", () => {
  for (const record of Object.values(VPCC)) {
    for (let length = 0; length < record.length; length++) {
      assertThrows(() => parseVp9Configuration(record.subarray(0, length)), CodecError);
    }
  }
  assertThrows(() => parseVp9Configuration(fromHex("040b820202020000")), CodecError, "got 4 and 8");
  assertThrows(() => parseVp9Configuration(fromHex("000b920202020000")), CodecError, "got 0 and 9");
});

Deno.test("VP9 codec strings; of an unknown level, the lowest", () => {
  const codecs = Object.values(VPCC).map((record) => vp9CodecString(parseVp9Configuration(record)));
  const main = "vp09.00.11.08";
  assertEquals(codecs, [main, "vp09.00.10.08", "vp09.01.10.08", "vp09.02.10.10", main]);
});

/** What ffprobe shows of each stream: profile, size, bit depth and chroma. */
const KEY_FRAMES: Record<keyof typeof VP9_KEY_FRAMES, readonly number[]> = {
  resilient: [0, 96, 64, 8, 1, 1],
  yuv444: [1, 100, 74, 8, 0, 0],
  tenBits: [2, 130, 74, 10, 1, 1],
  yuv422: [3, 96, 64, 12, 1, 0],
};

for (const [name, expected] of Object.entries(KEY_FRAMES)) {
  Deno.test(`VP9 key frame of libvpx: ${name}`, () => {
    const frame = VP9_KEY_FRAMES[name as keyof typeof VP9_KEY_FRAMES];
    const header = parseVp9FrameHeader(frame);
    const { profile, width, height, bitDepth, chromaSubsamplingX, chromaSubsamplingY } = header;
    const seen = [profile, width, height, bitDepth, chromaSubsamplingX, chromaSubsamplingY];
    assertEquals(seen as unknown, expected);
    assertEquals([header.isKeyFrame, isVp9KeyFrame(frame)], [true, true]);
    assertEquals([header.showFrame, header.refreshFrameFlags], [true, 0xff]);
    assertEquals(header.isErrorResilient, name === "resilient");
    for (let length = 0; length < 8; length++) {
      assertThrows(() => parseVp9FrameHeader(frame.subarray(0, length)), CodecError);
    }
  });
}

// As `ffprobe -show_entries packet=flags` shows them.
Deno.test("VP9 frames of libvpx: key frames, and superframes with hidden frames", () => {
  const keyFrames = (frames: readonly Uint8Array[]) =>
    frames.flatMap((frame, index) => isVp9KeyFrame(frame) ? [index] : []);
  assertEquals(keyFrames(VP_STREAMS.vp9Realtime), [0, 4]);
  assertEquals(keyFrames(VP_STREAMS.vp9AltRef), [0, 24]);
  const shown = VP_STREAMS.vp9AltRef.map((frame) =>
    splitVp9Superframe(frame).map((part) => parseVp9FrameHeader(part).showFrame)
  );
  assertEquals(shown.findIndex((parts) => parts.length > 1), 18);
  assertEquals(shown[18], [false, true]);
  assertEquals(shown.flat().filter((isShown) => isShown).length, VP_STREAMS.vp9AltRef.length);
});

Deno.test("VP9 superframe of libvpx: its frames are all but the index", () => {
  const superframe = VP_STREAMS.vp9AltRef[18]!;
  const frames = splitVp9Superframe(superframe);
  const size = frames[0]!.length + frames[1]!.length;
  assertEquals(frames.map(toHex).join(""), toHex(superframe.subarray(0, size)));
  assertEquals(frames[0]!.buffer, superframe.buffer);
  assertEquals(superframe[size], superframe.at(-1));
});

interface MadeFrame {
  readonly profile?: number;
  readonly isKeyFrame?: boolean;
  readonly showFrame?: boolean;
  readonly isErrorResilient?: boolean;
  readonly isIntraOnly?: boolean;
  readonly writeColour?: (bits: BitWriter) => void;
  readonly foundReference?: number;
}

/** A frame of 1280x720 with refresh flags 0x81. */
function makeFrame(made: MadeFrame): Uint8Array<ArrayBuffer> {
  const { profile = 0, isKeyFrame = false, showFrame = true, isErrorResilient = false } = made;
  const bits = new BitWriter().bits(2, 2).bits(profile & 1, 1).bits(profile >> 1, 1);
  if (profile === 3) bits.bits(0, 1);
  bits.bits(0, 1).bits(isKeyFrame ? 0 : 1, 1).bits(showFrame ? 1 : 0, 1);
  bits.bits(isErrorResilient ? 1 : 0, 1);
  if (!isKeyFrame && !showFrame) bits.bits(made.isIntraOnly ? 1 : 0, 1);
  if (!isKeyFrame && !isErrorResilient) bits.bits(0b11, 2);
  const isIntra = isKeyFrame || made.isIntraOnly;
  if (isIntra) bits.bits(0x498342, 24);
  made.writeColour?.(bits);
  if (!isKeyFrame) bits.bits(0x81, 8);
  if (!isIntra) {
    bits.bits(3, 3).bits(1, 1).bits(5, 3).bits(0, 1).bits(7, 3).bits(1, 1);
    const found = made.foundReference ?? 0;
    bits.bits(0, found);
    if (found < 3) return bits.bits(1, 1).bits(0, 16).take();
  }
  return bits.bits(1279, 16).bits(719, 16).bits(0, 16).take();
}

const FIELDS: Vp9FrameHeader = {
  profile: 0,
  isKeyFrame: false,
  showExistingFrame: false,
  showFrame: true,
  isIntraOnly: false,
  isErrorResilient: false,
  refreshFrameFlags: 0x81,
  width: undefined,
  height: undefined,
  sizeReference: undefined,
  bitDepth: undefined,
  chromaSubsamplingX: undefined,
  chromaSubsamplingY: undefined,
};

Deno.test("VP9 inter frames: with the size of a reference, or one of their own", () => {
  for (const [foundReference, sizeReference] of [3, 5, 7].entries()) {
    const header = parseVp9FrameHeader(makeFrame({ foundReference }));
    assertEquals(header, { ...FIELDS, sizeReference });
  }
  const sized = { ...FIELDS, width: 1280, height: 720 };
  assertEquals(parseVp9FrameHeader(makeFrame({ foundReference: 3 })), sized);
  const resilient = { ...FIELDS, isErrorResilient: true, showFrame: false, sizeReference: 3 };
  assertEquals(
    parseVp9FrameHeader(makeFrame({ isErrorResilient: true, showFrame: false })),
    resilient,
  );
});

Deno.test("VP9 intra-only frames", () => {
  const made = { isIntraOnly: true, showFrame: false };
  const sized = { ...FIELDS, ...made, width: 1280, height: 720 };
  const of8Bits = { bitDepth: 8, chromaSubsamplingX: 1, chromaSubsamplingY: 1 } as const;
  assertEquals(parseVp9FrameHeader(makeFrame(made)), { ...sized, ...of8Bits });
  assertEquals(isVp9KeyFrame(makeFrame(made)), false);
  const writeColour = (bits: BitWriter) => bits.bits(1, 1).bits(5, 3).bits(0, 1);
  assertEquals(parseVp9FrameHeader(makeFrame({ ...made, profile: 2, writeColour })), {
    ...sized,
    ...of8Bits,
    profile: 2,
    bitDepth: 12,
  });
});

Deno.test("VP9 frames: RGB has profiles 1 and 3 only", () => {
  const isKeyFrame = true;
  const rgb = (bits: BitWriter) => bits.bits(7, 3).bits(0, 1);
  const deepRgb = (bits: BitWriter) => bits.bits(0b0111, 4).bits(0, 1);
  const one = parseVp9FrameHeader(makeFrame({ profile: 1, isKeyFrame, writeColour: rgb }));
  assertEquals([one.width, one.height, one.chromaSubsamplingX], [1280, 720, 0]);
  const three = parseVp9FrameHeader(makeFrame({ profile: 3, isKeyFrame, writeColour: deepRgb }));
  assertEquals([three.width, three.bitDepth, three.chromaSubsamplingY], [1280, 10, 0]);
  for (const [profile, writeColour] of [[0, rgb], [2, deepRgb]] as const) {
    const frame = makeFrame({ profile, isKeyFrame, writeColour });
    assertThrows(() => parseVp9FrameHeader(frame), CodecError, `got ${profile}`);
  }
});

Deno.test("VP9 frames: an earlier one shown once more", () => {
  for (const [hex, profile] of [["88", 0], ["8d", 0], ["b600", 3]] as const) {
    const expected = { ...FIELDS, profile, showExistingFrame: true, refreshFrameFlags: 0 };
    assertEquals(parseVp9FrameHeader(fromHex(hex)), expected);
    assertEquals(isVp9KeyFrame(fromHex(hex)), false);
  }
});

Deno.test("VP9 frames: refused", () => {
  const rows: readonly (readonly [hex: string, message: string])[] = [
    ["", "Cannot read 2 bits"],
    ["42", "marker must be 2, got 1"],
    ["b8", "profile must be up to 3"],
    ["82498343 00", "sync code must be 0x498342, got 0x498343"],
  ];
  for (const [hex, message] of rows) {
    assertThrows(() => parseVp9FrameHeader(fromHex(hex)), CodecError, message);
  }
  for (const hex of ["", "42", "c2", "02"]) assertEquals(isVp9KeyFrame(fromHex(hex)), false);
});

Deno.test("VP9 key frames: the first byte says the same as the whole header", () => {
  for (let first = 0; first < 256; first++) {
    const frame = Uint8Array.of(first, 0x49, 0x83, 0x42, 0, 0, 0, 0, 0, 0);
    try {
      const { isKeyFrame } = parseVp9FrameHeader(frame);
      assertEquals(isVp9KeyFrame(frame), isKeyFrame, `0x${first.toString(16)}`);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error; // profiles 1 to 3 shift the sync code
    }
  }
});

Deno.test("VP9 superframes: sizes of 1 to 4 bytes, up to 8 frames, empty ones left out", () => {
  const hex = (data: string) => splitVp9Superframe(fromHex(data)).map(toHex);
  assertEquals(hex("aabbcc c1 01 02 c1"), ["aa", "bbcc"]);
  assertEquals(hex("aabbcc c9 0200 0100 c9"), ["aabb", "cc"]);
  assertEquals(hex("aabbcc d0 030000 d0"), ["aabbcc"]);
  assertEquals(hex("aabbcc d9 01000000 02000000 d9"), ["aa", "bbcc"]);
  assertEquals(hex("aabbcc c2 01 00 01 c2"), ["aa", "bb"]); // a byte between them and the index
  assertEquals(hex("0001020304050607 c7 0101010101010101 c7").length, 8);
  assertEquals(hex("c0 00 c0"), []);
});

Deno.test("VP9 superframes: without an index, one frame", () => {
  for (const data of ["", "82", "8200c1", "c1", "c2c2", "aabb c001 c1"]) {
    assertEquals(splitVp9Superframe(fromHex(data)).map(toHex), [data.replaceAll(" ", "")]);
  }
});

Deno.test("VP9 superframes: sizes that exceed the data are refused", () => {
  for (const data of ["aa c1 01 01 c1", "aabb c0 03 c0", "aa d8 ffffffff d8"]) {
    assertThrows(() => splitVp9Superframe(fromHex(data)), CodecError, "frames must end within");
  }
});

Deno.test("VP9 survives mutations", () => {
  surviveMutations(Object.values(VPCC), parseVp9Configuration, CodecError);
  const frames = [...Object.values(VP9_KEY_FRAMES), makeFrame({ foundReference: 3 })];
  surviveMutations(frames, parseVp9FrameHeader, CodecError);
  const superframes = [VP_STREAMS.vp9AltRef[18]!, fromHex("aabbcc c9 0200 0100 c9")];
  surviveMutations(superframes, splitVp9Superframe, CodecError);
});
