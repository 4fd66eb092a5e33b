import type { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";

/** num_short_term_ref_pic_sets ends here (H.265 7.4.3.2.1). */
const MAX_SHORT_TERM_SETS = 64;

/** num_long_term_ref_pics_sps ends here (H.265 7.4.3.2.1). */
const MAX_LONG_TERM_PICTURES = 32;

/** Pictures of one set: sps_max_dec_pic_buffering_minus1 ends at 15 (H.265 7.4.8, A.4.2). */
const MAX_PICTURES_IN_SET = 16;

/**
 * Reads over scaling_list_data (H.265 7.3.4).
 *
 * @throws the error class of `bits` if it is cut short
 */
export function skipScalingLists(bits: BitReader): void {
  for (let size = 0; size < 4; size++) {
    const lists = size === 3 ? 2 : 6;
    for (let list = 0; list < lists; list++) {
      if (bits.bit() === 0) {
        bits.ue(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      const coefficients = Math.min(64, 16 << (2 * size)) + (size > 1 ? 1 : 0);
      for (let index = 0; index < coefficients; index++) bits.se();
    }
  }
}

/**
 * Reads over the short-term and long-term reference picture sets of an SPS (H.265 7.3.2.2.1, 7.3.7).
 *
 * @param orderBits of lt_ref_pic_poc_lsb_sps
 * @throws the error class of `bits` if they are cut short, {@linkcode CodecError} if there are more
 * than the specification allows
 */
export function skipReferencePictureSets(bits: BitReader, orderBits: number): void {
  const sets = upTo(bits.ue(), MAX_SHORT_TERM_SETS, "num_short_term_ref_pic_sets");
  let pictures = 0;
  for (let set = 0; set < sets; set++) {
    pictures = set > 0 && bits.bit() === 1 ? predictedSet(bits, pictures) : writtenSet(bits);
  }
  if (bits.bit() === 0) return; // long_term_ref_pics_present_flag
  const longTerm = upTo(bits.ue(), MAX_LONG_TERM_PICTURES, "num_long_term_ref_pics_sps");
  bits.skip(longTerm * (orderBits + 1));
}

/** Reads over a set that is predicted from the one before; returns how many pictures it has. */
function predictedSet(bits: BitReader, picturesBefore: number): number {
  bits.skip(1); // delta_rps_sign
  bits.ue(); // abs_delta_rps_minus1
  let pictures = 0;
  for (let index = 0; index <= picturesBefore; index++) {
    // used_by_curr_pic_flag, or else use_delta_flag
    if (bits.bit() === 1 || bits.bit() === 1) pictures++;
  }
  return upTo(pictures, MAX_PICTURES_IN_SET, "pictures of a reference picture set");
}

function writtenSet(bits: BitReader): number {
  const negative = upTo(bits.ue(), MAX_PICTURES_IN_SET, "num_negative_pics");
  const positive = upTo(bits.ue(), MAX_PICTURES_IN_SET - negative, "num_positive_pics");
  for (let picture = 0; picture < negative + positive; picture++) {
    bits.ue(); // delta_poc_minus1
    bits.skip(1); // used_by_curr_pic_flag
  }
  return negative + positive;
}

function upTo(value: number, limit: number, name: string): number {
  if (value > limit) {
    throw new CodecError(`Cannot parse H.265 SPS: ${name} must be up to ${limit}, got ${value}`);
  }
  return value;
}
