import type { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";

/** What the video usability information of an SPS says of time and order. */
export interface H264Timing {
  /** Frames a second, unless the VUI gives none. */
  readonly frameRate: number | undefined;
  /** max_num_reorder_frames, unless the VUI has no bitstream restriction. */
  readonly maxReorderFrames: number | undefined;
}

/** aspect_ratio_idc of a ratio written out (H.264 table E-1). */
const EXTENDED_SAR = 255;

/** cpb_cnt_minus1 has this limit (H.264 E.2.2). */
const MAX_CPB_COUNT = 32;

/** max_num_reorder_frames cannot exceed the decoded picture buffer (H.264 E.2.1). */
const MAX_REORDER_FRAMES = 16;

/**
 * Reads vui_parameters (H.264 E.1.1) from where `bits` stands.
 *
 * @throws the error class of `bits` if it is cut short, and {@linkcode CodecError} if a value
 * exceeds its limit.
 */
export function parseH264Vui(bits: BitReader): H264Timing {
  if (bits.bit() === 1 && bits.bits(8) === EXTENDED_SAR) bits.skip(32);
  if (bits.bit() === 1) bits.skip(1); // overscan
  if (bits.bit() === 1) {
    bits.skip(4); // video_format, video_full_range_flag
    if (bits.bit() === 1) bits.skip(24); // colour description
  }
  if (bits.bit() === 1) {
    bits.ue(); // chroma_sample_loc_type_top_field
    bits.ue(); // chroma_sample_loc_type_bottom_field
  }
  const frameRate = bits.bit() === 1 ? readFrameRate(bits) : undefined;
  const hasNalHrd = bits.bit() === 1;
  if (hasNalHrd) skipHrd(bits);
  const hasVclHrd = bits.bit() === 1;
  if (hasVclHrd) skipHrd(bits);
  if (hasNalHrd || hasVclHrd) bits.skip(1); // low_delay_hrd_flag
  bits.skip(1); // pic_struct_present_flag
  const maxReorderFrames = bits.bit() === 1 ? readMaxReorderFrames(bits) : undefined;
  return { frameRate, maxReorderFrames };
}

function readFrameRate(bits: BitReader): number | undefined {
  const unitsInTick = bits.bits(32);
  const timeScale = bits.bits(32);
  bits.skip(1); // fixed_frame_rate_flag
  // A tick is a field's time (H.264 E.2.1). Encoders that do not know write 0.
  return unitsInTick === 0 || timeScale === 0 ? undefined : timeScale / (2 * unitsInTick);
}

/** hrd_parameters (H.264 E.1.2). */
function skipHrd(bits: BitReader): void {
  const count = bits.ue() + 1;
  if (count > MAX_CPB_COUNT) {
    throw new CodecError(
      `Cannot parse H.264 VUI: cpb_cnt must be up to ${MAX_CPB_COUNT}, got ${count}`,
    );
  }
  bits.skip(8); // bit_rate_scale, cpb_size_scale
  for (let index = 0; index < count; index++) {
    bits.ue(); // bit_rate_value_minus1
    bits.ue(); // cpb_size_value_minus1
    bits.skip(1); // cbr_flag
  }
  bits.skip(20); // four lengths of 5 bits
}

function readMaxReorderFrames(bits: BitReader): number {
  bits.skip(1); // motion_vectors_over_pic_boundaries_flag
  for (let skipped = 0; skipped < 4; skipped++) bits.ue(); // sizes and motion vector lengths
  const frames = bits.ue();
  if (frames > MAX_REORDER_FRAMES) {
    throw new CodecError(
      `Cannot parse H.264 VUI: max_num_reorder_frames must be up to ${MAX_REORDER_FRAMES}, got ${frames}`,
    );
  }
  return frames;
}
