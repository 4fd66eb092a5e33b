import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";

/** What the uncompressed header of a frame begins with. */
export interface Vp9FrameHeader {
  readonly profile: 0 | 1 | 2 | 3;
  /** Whether decoding can start here. */
  readonly isKeyFrame: boolean;
  /** Whether this is nothing but the order to show an earlier frame once more. */
  readonly showExistingFrame: boolean;
  /** False of a frame that others refer to and nobody sees. */
  readonly showFrame: boolean;
  /** Not a key frame, and still without references. */
  readonly isIntraOnly: boolean;
  readonly isErrorResilient: boolean;
  /** Bit n: this frame becomes reference n, 0 to 7. */
  readonly refreshFrameFlags: number;
  /** As shown; `undefined` if it is that of a reference. */
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** Which reference that is, 0 to 7. */
  readonly sizeReference: number | undefined;
  /** Of a key frame or an intra-only one, `undefined` of others. */
  readonly bitDepth: 8 | 10 | 12 | undefined;
  /** Of the same, whether chroma has half the samples of a row, and half the rows. */
  readonly chromaSubsamplingX: 0 | 1 | undefined;
  readonly chromaSubsamplingY: 0 | 1 | undefined;
}

/** frame_marker in the two highest bits. */
const FRAME_MARKER = 0b10;

const SYNC_CODE = 0x49_83_42;

/** color_space of RGB, which comes as 4:4:4. */
const COLOUR_SPACE_RGB = 7;

/** References of an inter frame. */
const REFERENCES_PER_FRAME = 3;

const ALL_REFERENCES = 0xff;

type Size = Pick<Vp9FrameHeader, "width" | "height" | "sizeReference">;

interface ColourConfig {
  readonly bitDepth: 8 | 10 | 12 | undefined;
  readonly chromaSubsamplingX: 0 | 1 | undefined;
  readonly chromaSubsamplingY: 0 | 1 | undefined;
}

const UNCHANGED_COLOUR: ColourConfig = {
  bitDepth: undefined,
  chromaSubsamplingX: undefined,
  chromaSubsamplingY: undefined,
};

/** An intra-only frame of profile 0 does not write its colours (VP9 7.2). */
const COLOUR_OF_PROFILE_0: ColourConfig = {
  bitDepth: 8,
  chromaSubsamplingX: 1,
  chromaSubsamplingY: 1,
};

/**
 * Whether decoding can start with a frame or superframe. Runs for every frame: looks at its first
 * byte alone and allocates nothing; anything that is no frame is no key frame.
 */
export function isVp9KeyFrame(frame: Uint8Array): boolean {
  if (frame.length === 0 || frame[0]! >> 6 !== FRAME_MARKER) return false;
  // Profile 3 has a bit more; then show_existing_frame and frame_type, both 0 (VP9 6.2).
  const isProfile3 = (frame[0]! & 0b11_0000) === 0b11_0000;
  return (frame[0]! & (isProfile3 ? 0b110 : 0b1100)) === 0;
}

/**
 * Parses the begin of the uncompressed header of a frame (VP9 6.2); of a superframe, that of its
 * first frame.
 *
 * @throws {CodecError} if it is cut short, a marker is wrong, or reserved values are used.
 *
 * @example
 * ```ts
 * import { parseVp9FrameHeader } from "./frame.ts";
 *
 * const keyFrame = Uint8Array.of(0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0b, 0x30);
 * parseVp9FrameHeader(keyFrame).width; // 320
 * ```
 */
export function parseVp9FrameHeader(frame: Uint8Array): Vp9FrameHeader {
  return readVp9FrameHeader(new BitReader(frame, CodecError));
}

/** The same; `bits` are left behind the frame's size. */
export function readVp9FrameHeader(bits: BitReader): Vp9FrameHeader {
  const marker = bits.bits(2);
  if (marker !== FRAME_MARKER) {
    throw new CodecError(
      `Cannot parse VP9 frame header: marker must be ${FRAME_MARKER}, got ${marker}`,
    );
  }
  const profileLowBit = bits.bit();
  const profile = (2 * bits.bit() + profileLowBit) as 0 | 1 | 2 | 3;
  if (profile === 3 && bits.bit() === 1) {
    throw new CodecError("Cannot parse VP9 frame header: profile must be up to 3, got 4 or above");
  }
  if (bits.bit() === 1) return shownAgain(bits, profile);
  const isKeyFrame = bits.bit() === 0;
  const showFrame = bits.bit() === 1;
  const isErrorResilient = bits.bit() === 1;
  const isIntraOnly = !isKeyFrame && !showFrame && bits.bit() === 1;
  if (!isKeyFrame && !isErrorResilient) bits.skip(2); // reset_frame_context
  if (isKeyFrame || isIntraOnly) checkSyncCode(bits);
  let colour = UNCHANGED_COLOUR;
  if (isKeyFrame || (isIntraOnly && profile > 0)) colour = readColourConfig(bits, profile);
  else if (isIntraOnly) colour = COLOUR_OF_PROFILE_0;
  const refreshFrameFlags = isKeyFrame ? ALL_REFERENCES : bits.bits(8);
  const size = isKeyFrame || isIntraOnly ? readSize(bits) : readSizeWithReferences(bits);
  return {
    profile,
    isKeyFrame,
    showExistingFrame: false,
    showFrame,
    isIntraOnly,
    isErrorResilient,
    refreshFrameFlags,
    ...size,
    bitDepth: colour.bitDepth,
    chromaSubsamplingX: colour.chromaSubsamplingX,
    chromaSubsamplingY: colour.chromaSubsamplingY,
  };
}

function shownAgain(bits: BitReader, profile: 0 | 1 | 2 | 3): Vp9FrameHeader {
  bits.skip(3); // frame_to_show_map_idx
  return {
    profile,
    isKeyFrame: false,
    showExistingFrame: true,
    showFrame: true,
    isIntraOnly: false,
    isErrorResilient: false,
    refreshFrameFlags: 0,
    width: undefined,
    height: undefined,
    sizeReference: undefined,
    ...UNCHANGED_COLOUR,
  };
}

function checkSyncCode(bits: BitReader): void {
  const code = bits.bits(24);
  if (code !== SYNC_CODE) {
    throw new CodecError(
      `Cannot parse VP9 frame header: sync code must be 0x498342, got 0x${code.toString(16)}`,
    );
  }
}

/** color_config (VP9 6.2.2). */
function readColourConfig(bits: BitReader, profile: 0 | 1 | 2 | 3): ColourConfig {
  const bitDepth = profile < 2 ? 8 : bits.bit() === 1 ? 12 : 10;
  const isRgb = bits.bits(3) === COLOUR_SPACE_RGB;
  if (!isRgb) bits.skip(1); // color_range
  const writesSubsampling = profile === 1 || profile === 3;
  if (isRgb && !writesSubsampling) {
    throw new CodecError(
      `Cannot parse VP9 frame header: RGB must have profile 1 or 3, got ${profile}`,
    );
  }
  let chromaSubsamplingX: 0 | 1 = isRgb ? 0 : 1;
  let chromaSubsamplingY: 0 | 1 = isRgb ? 0 : 1;
  if (writesSubsampling && !isRgb) {
    chromaSubsamplingX = bits.bit();
    chromaSubsamplingY = bits.bit();
  }
  if (writesSubsampling) bits.skip(1); // reserved_zero
  return { bitDepth, chromaSubsamplingX, chromaSubsamplingY };
}

/** frame_size; render_size, which says how large to show it, is left. */
function readSize(bits: BitReader): Size {
  return { width: bits.bits(16) + 1, height: bits.bits(16) + 1, sizeReference: undefined };
}

/** frame_size_with_refs (VP9 6.2.4), behind the references. */
function readSizeWithReferences(bits: BitReader): Size {
  const references = Array.from({ length: REFERENCES_PER_FRAME }, () => {
    const reference = bits.bits(3); // ref_frame_idx
    bits.skip(1); // ref_frame_sign_bias
    return reference;
  });
  for (const sizeReference of references) {
    const isFound = bits.bit() === 1;
    if (isFound) return { width: undefined, height: undefined, sizeReference };
  }
  return readSize(bits);
}
