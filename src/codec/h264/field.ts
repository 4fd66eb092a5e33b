import { BitReader } from "../../bytes/bit_reader.ts";
import { H264_NAL, type NalLengthSize } from "./h264.ts";
import { removeEmulationPrevention } from "./emulation.ts";
import type { H264Sps } from "./sps.ts";
import { walkNalUnits } from "../nal_units.ts";

/** Bytes that hold a slice header up to bottom_field_flag: three Exp-Golomb codes and 20 bits. */
const FIELD_PREFIX_SIZE = 24;

/** What an SPS says of slice headers up to there. */
export type H264FieldLayout = Pick<H264Sps, "frameNumBits" | "separateColourPlane">;

/** A field of an interlaced picture. */
export interface H264Field {
  readonly frameNum: number;
  readonly isBottom: boolean;
}

/**
 * The field that the first slice of an access unit is of; `undefined` if it is of a frame, as nearly
 * all are, or cannot be read (H.264 7.3.3). Throws nothing.
 *
 * @param layout of an SPS whose frame_mbs_only_flag is 0: others have no fields
 */
export function h264FieldOf(
  accessUnit: Uint8Array,
  nalLengthSize: NalLengthSize,
  layout: H264FieldLayout,
): H264Field | undefined {
  let field: H264Field | undefined;
  walkNalUnits(accessUnit, nalLengthSize, (start, end) => {
    const type = start === end ? 0 : accessUnit[start]! & 0b1_1111;
    if (type !== H264_NAL.SLICE && type !== H264_NAL.SLICE_IDR) return false;
    field = readField(accessUnit.subarray(start + 1, end), layout);
    return true;
  });
  return field;
}

/** Whether two fields are the halves of one frame (H.264 7.4.1.2.4). */
export function arePair(one: H264Field | undefined, other: H264Field | undefined): boolean {
  return one !== undefined && one.frameNum === other?.frameNum && one.isBottom !== other.isBottom;
}

function readField(slice: Uint8Array, layout: H264FieldLayout): H264Field | undefined {
  const bits = new BitReader(removeEmulationPrevention(slice, FIELD_PREFIX_SIZE));
  // first_mb_in_slice, slice_type, pic_parameter_set_id
  for (let code = 0; code < 3; code++) if (bits.tryUe() < 0) return undefined;
  const planeBits = layout.separateColourPlane ? 2 : 0;
  if (bits.remaining < planeBits + layout.frameNumBits + 2) return undefined;
  bits.skip(planeBits);
  const frameNum = bits.bits(layout.frameNumBits);
  return bits.bit() === 0 ? undefined : { frameNum, isBottom: bits.bit() === 1 };
}
