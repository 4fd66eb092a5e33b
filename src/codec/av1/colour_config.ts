import type { BitReader } from "../../bytes/bit_reader.ts";
import type { VideoColour } from "../video_colour.ts";

/** What the samples of frames are (AV1 5.5.2). */
export interface Av1ColourConfig {
  readonly bitDepth: 8 | 10 | 12;
  readonly isMonochrome: boolean;
  /** Whether chroma has half the samples of a row; 1 and 1 is 4:2:0, 1 and 0 4:2:2, 0 and 0 4:4:4. */
  readonly chromaSubsamplingX: 0 | 1;
  /** Whether chroma has half the rows. */
  readonly chromaSubsamplingY: 0 | 1;
  /** 0 unknown, 1 between two rows of luma, 2 upon the upper left sample. */
  readonly chromaSamplePosition: number;
  readonly colour: VideoColour;
}

/** Code points of H.273: sRGB, which comes as 4:4:4 in full range. */
const PRIMARIES_BT709 = 1;
const TRANSFER_SRGB = 13;
const MATRIX_IDENTITY = 0;

const UNSPECIFIED = 2;

/**
 * Reads color_config (AV1 5.5.2) from where `bits` stands; separate_uv_delta_q is left.
 *
 * @throws the error class of `bits` if it is cut short
 */
export function readAv1ColourConfig(bits: BitReader, profile: 0 | 1 | 2): Av1ColourConfig {
  const bitDepth = readBitDepth(bits, profile);
  const isMonochrome = profile !== 1 && bits.bit() === 1;
  const isDescribed = bits.bit() === 1;
  const primaries = isDescribed ? bits.bits(8) : UNSPECIFIED;
  const transfer = isDescribed ? bits.bits(8) : UNSPECIFIED;
  const matrix = isDescribed ? bits.bits(8) : UNSPECIFIED;
  const isSrgb = !isMonochrome && primaries === PRIMARIES_BT709 && transfer === TRANSFER_SRGB &&
    matrix === MATRIX_IDENTITY;
  const isFullRange = isSrgb || bits.bit() === 1;
  let chromaSubsamplingX: 0 | 1 = 1;
  let chromaSubsamplingY: 0 | 1 = 1;
  if (isSrgb || (profile === 1 && !isMonochrome)) {
    chromaSubsamplingX = 0;
    chromaSubsamplingY = 0;
  } else if (profile === 2 && !isMonochrome) {
    if (bitDepth === 12) chromaSubsamplingX = bits.bit();
    chromaSubsamplingY = bitDepth === 12 && chromaSubsamplingX === 1 ? bits.bit() : 0;
  }
  const is420 = !isMonochrome && chromaSubsamplingX === 1 && chromaSubsamplingY === 1;
  return {
    bitDepth,
    isMonochrome,
    chromaSubsamplingX,
    chromaSubsamplingY,
    chromaSamplePosition: is420 ? bits.bits(2) : 0,
    colour: { primaries, transfer, matrix, isFullRange },
  };
}

function readBitDepth(bits: BitReader, profile: 0 | 1 | 2): 8 | 10 | 12 {
  const isHigh = bits.bit() === 1;
  if (!isHigh) return 8;
  return profile === 2 && bits.bit() === 1 ? 12 : 10;
}
