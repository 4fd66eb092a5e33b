import { BitReader } from "../../bytes/bit_reader.ts";
import { type Malformed, malformed } from "../../bytes/malformed.ts";
import { H264_NAL, type NalLengthSize } from "./h264.ts";
import { removeEmulationPrevention } from "./emulation.ts";
import { splitNalUnits, walkNalUnits } from "../nal_units.ts";

/** Bytes that hold first_mb_in_slice and slice_type: two Exp-Golomb codes of 63 bits at most. */
const SLICE_TYPE_PREFIX_SIZE = 16;

/** How a picture is coded: alone, from earlier pictures, or from pictures on both sides. */
export type H264PictureType = "I" | "P" | "B";

/** By slice_type (H.264 table 7-6); SP and SI count as P and I. */
const PICTURE_TYPES: readonly H264PictureType[] = [..."PBIPIPBIPI"] as H264PictureType[];

/**
 * The NAL units of an access unit as MP4 and FLV carry it, each behind its length (ISO/IEC
 * 14496-15 5.3.4.2). They borrow from `accessUnit`; empty ones, which encoders send, are left out.
 *
 * @throws {CodecError} if a length exceeds the access unit, or there are more than
 * MAX_NAL_UNITS.
 */
export function splitH264NalUnits(
  accessUnit: Uint8Array,
  nalLengthSize: NalLengthSize,
): Uint8Array[] {
  return splitNalUnits(accessUnit, nalLengthSize, 1);
}

/**
 * The type of the picture in an access unit, by its first slice; `undefined` if it has none, as an
 * access unit of parameter sets or SEI only.
 *
 * Runs for every frame, so it allocates nothing in the usual case and looks at nothing behind the
 * slice's first bytes.
 *
 * It is malformed if a length up to the first slice exceeds the access unit, or the slice's header
 * is broken. Nothing is thrown.
 */
export function h264PictureType(
  accessUnit: Uint8Array,
  nalLengthSize: NalLengthSize,
): H264PictureType | Malformed | undefined {
  let type: H264PictureType | Malformed | undefined;
  const fault = walkNalUnits(accessUnit, nalLengthSize, (start, end) => {
    if (start === end || !isSlice(accessUnit[start]! & 0b1_1111)) return false;
    type = slicePictureType(accessUnit, start + 1, end);
    return true;
  });
  return fault ?? type;
}

function isSlice(nalType: number): boolean {
  return nalType === H264_NAL.SLICE || nalType === H264_NAL.SLICE_IDR ||
    nalType === H264_NAL.SLICE_PARTITION_A;
}

/** Reads slice_type of the slice header (H.264 7.3.3) between `start` and `end`. */
function slicePictureType(
  bytes: Uint8Array,
  start: number,
  end: number,
): H264PictureType | Malformed {
  const first = start < end ? bytes[start]! : 0;
  let sliceType: number;
  if (first >= 0b1000_0001) {
    // first_mb_in_slice is 0, the single bit 1, and the code of slice_type ends within this byte.
    const leadingZeros = Math.clz32(first & 0b0111_1111) - 25;
    sliceType = leadingZeros > 3
      ? readSliceType(bytes, start, end)
      : ((first & 0b0111_1111) >> (6 - 2 * leadingZeros)) - 1;
  } else {
    sliceType = readSliceType(bytes, start, end);
  }
  return PICTURE_TYPES[sliceType] ??
    malformed("read slice header", "slice type must be up to 9", sliceType);
}

/** -1 if it is cut short. */
function readSliceType(bytes: Uint8Array, start: number, end: number): number {
  const prefix = removeEmulationPrevention(bytes.subarray(start, end), SLICE_TYPE_PREFIX_SIZE);
  const bits = new BitReader(prefix);
  return bits.tryUe() < 0 ? -1 : bits.tryUe();
}
