import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";
import { H264_NAL } from "./h264.ts";
import { removeEmulationPrevention } from "./emulation.ts";

/** Reference pictures that a list may hold: 32 fields (H.264 7.4.2.2). */
export const MAX_ACTIVE_REFERENCES = 32;

/** What a picture parameter set says that the headers of its slices need. */
export interface H264Pps {
  readonly id: number;
  readonly spsId: number;
  readonly usesCabac: boolean;
  /** bottom_field_pic_order_in_frame_present_flag */
  readonly hasBottomFieldOrder: boolean;
  /** Entries of list 0 and list 1 that a slice uses unless its header says otherwise: 1 to 32. */
  readonly defaultActiveReferences: readonly [list0: number, list1: number];
  /** weighted_pred_flag: P slices carry a table of weights. */
  readonly weightsP: boolean;
  /** weighted_bipred_idc: 0 none, 1 B slices carry a table, 2 implicit by picture order. */
  readonly weightedBipredIdc: number;
  readonly hasDeblockingControl: boolean;
  readonly hasRedundantPictures: boolean;
}

/**
 * Parses a picture parameter set with its NAL header and emulation prevention, up to
 * redundant_pic_cnt_present_flag (H.264 7.3.2.2). The result borrows nothing.
 *
 * Slice groups are refused: no browser decodes them, so nothing can be said of such pictures.
 *
 * @throws {CodecError} if it is cut short, has slice groups, or a value exceeds its limit.
 */
export function parseH264Pps(nalUnit: Uint8Array): H264Pps {
  const nalType = (nalUnit[0] ?? 0) & 0b1_1111;
  if (nalType !== H264_NAL.PPS) {
    throw new CodecError(`Cannot parse H.264 PPS: must be NAL type 8, got ${nalType}`);
  }
  const bits = new BitReader(removeEmulationPrevention(nalUnit.subarray(1), 64), CodecError);
  const id = ueUpTo(bits, 255, "id");
  const spsId = ueUpTo(bits, 31, "SPS id");
  const usesCabac = bits.bit() === 1;
  const hasBottomFieldOrder = bits.bit() === 1;
  const groups = bits.ue() + 1;
  if (groups > 1) {
    throw new CodecError(`Cannot parse H.264 PPS: must have 1 slice group, got ${groups}`);
  }
  const list0 = ueUpTo(bits, MAX_ACTIVE_REFERENCES - 1, "num_ref_idx_l0_default_active_minus1") + 1;
  const list1 = ueUpTo(bits, MAX_ACTIVE_REFERENCES - 1, "num_ref_idx_l1_default_active_minus1") + 1;
  const weightsP = bits.bit() === 1;
  const weightedBipredIdc = bits.bits(2);
  if (weightedBipredIdc === 3) {
    throw new CodecError("Cannot parse H.264 PPS: weighted_bipred_idc must be up to 2, got 3");
  }
  for (let skipped = 0; skipped < 3; skipped++) bits.se(); // pic_init_qp, _qs, chroma_qp_index_offset
  const hasDeblockingControl = bits.bit() === 1;
  bits.skip(1); // constrained_intra_pred_flag
  return {
    id,
    spsId,
    usesCabac,
    hasBottomFieldOrder,
    defaultActiveReferences: [list0, list1],
    weightsP,
    weightedBipredIdc,
    hasDeblockingControl,
    hasRedundantPictures: bits.bit() === 1,
  };
}

function ueUpTo(bits: BitReader, limit: number, name: string): number {
  const value = bits.ue();
  if (value > limit) {
    throw new CodecError(`Cannot parse H.264 PPS: ${name} must be up to ${limit}, got ${value}`);
  }
  return value;
}
