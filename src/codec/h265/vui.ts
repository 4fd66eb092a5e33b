import type { BitReader } from "../../bytes/bit_reader.ts";
import type { VideoColour } from "../video_colour.ts";

/** What the video usability information of an SPS says of time, colour and fields. */
export interface H265Vui {
  /** Pictures a second, of which a field sequence has two a frame; `undefined` if not said. */
  readonly frameRate: number | undefined;
  /** `undefined` if not said. */
  readonly colour: VideoColour | undefined;
  /** Whether the pictures are fields of interlaced frames. */
  readonly isFieldSequence: boolean;
}

/** aspect_ratio_idc of a ratio written out (H.265 table E.1). */
const EXTENDED_SAR = 255;

/** Code points of colours that are not described (H.265 E.3.1). */
const UNSPECIFIED = 2;

/**
 * Reads the begin of vui_parameters (H.265 E.2.1), up to the frame rate, from where `bits` stands.
 *
 * @throws the error class of `bits` if it is cut short
 */
export function parseH265Vui(bits: BitReader): H265Vui {
  if (bits.bit() === 1 && bits.bits(8) === EXTENDED_SAR) bits.skip(32);
  if (bits.bit() === 1) bits.skip(1); // overscan
  const colour = bits.bit() === 1 ? readColour(bits) : undefined;
  if (bits.bit() === 1) {
    bits.ue(); // chroma_sample_loc_type_top_field
    bits.ue(); // chroma_sample_loc_type_bottom_field
  }
  bits.skip(1); // neutral_chroma_indication_flag
  const isFieldSequence = bits.bit() === 1;
  bits.skip(1); // frame_field_info_present_flag
  if (bits.bit() === 1) { for (let side = 0; side < 4; side++) bits.ue(); } // default display window
  const frameRate = bits.bit() === 1 ? readFrameRate(bits) : undefined;
  return { frameRate, colour, isFieldSequence };
}

function readColour(bits: BitReader): VideoColour {
  bits.skip(3); // video_format
  const isFullRange = bits.bit() === 1;
  const isDescribed = bits.bit() === 1;
  return {
    primaries: isDescribed ? bits.bits(8) : UNSPECIFIED,
    transfer: isDescribed ? bits.bits(8) : UNSPECIFIED,
    matrix: isDescribed ? bits.bits(8) : UNSPECIFIED,
    isFullRange,
  };
}

function readFrameRate(bits: BitReader): number | undefined {
  const unitsInTick = bits.bits(32);
  const timeScale = bits.bits(32);
  // Encoders that do not know write 0.
  return unitsInTick === 0 || timeScale === 0 ? undefined : timeScale / unitsInTick;
}
