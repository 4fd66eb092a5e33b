import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";
import { H264_NAL } from "./h264.ts";
import { removeEmulationPrevention } from "./emulation.ts";
import { type H264Pps, MAX_ACTIVE_REFERENCES } from "./pps.ts";
import {
  type H264ListModification,
  type H264Marking,
  NO_MARKINGS,
  NO_MODIFICATIONS,
  readListModifications,
  readMarkings,
  skipWeights,
} from "./slice_references.ts";
import type { H264PictureType } from "./slice.ts";
import type { H264Sps } from "./sps.ts";

/** Bytes that hold nearly every header, so that little is copied of each slice. */
const USUAL_HEADER_SIZE = 96;

/** Bytes that hold the longest header: two tables of 32 weights, 66 modifications, 66 markings. */
const MAX_HEADER_SIZE = 4096;

/** By slice_type modulo 5 (H.264 table 7-6), without SP and SI, which browsers do not decode. */
const SLICE_TYPES: readonly (H264PictureType | undefined)[] = ["P", "B", "I"];

/** A slice header from its begin to dec_ref_pic_marking (H.264 7.3.3). */
export interface H264SliceHeader {
  readonly type: H264PictureType;
  readonly isIdr: boolean;
  /** nal_ref_idc is not 0: later pictures may refer to this one. */
  readonly isReference: boolean;
  readonly firstMb: number;
  readonly ppsId: number;
  readonly frameNum: number;
  /** A field of its own, and which; `undefined` for a frame. */
  readonly field: "top" | "bottom" | undefined;
  /** 0 unless `isIdr`. */
  readonly idrPicId: number;
  /** 0 unless the SPS has order counts of type 0. */
  readonly picOrderCntLsb: number;
  /** delta_pic_order_cnt_bottom, or delta_pic_order_cnt[1] in order counts of type 1. */
  readonly deltaPicOrderCntBottom: number;
  /** delta_pic_order_cnt[0] */
  readonly deltaPicOrderCnt: number;
  /** Over 0 for a copy of a slice, which decoders leave out if they have the slice. */
  readonly redundantPicCnt: number;
  /** Entries of list 0 in use; 0 for I slices. */
  readonly activeReferences: number;
  /** ref_pic_list_modification of list 0. */
  readonly modifications: readonly H264ListModification[];
  /** long_term_reference_flag of an IDR picture. */
  readonly isLongTermIdr: boolean;
  /** adaptive_ref_pic_marking_mode_flag: `markings` stand in place of the sliding window. */
  readonly hasAdaptiveMarking: boolean;
  readonly markings: readonly H264Marking[];
}

/** Finds the parameter sets of a slice; throws {@linkcode CodecError} if they are not known. */
export type ParameterSetsOf = (ppsId: number) => { readonly sps: H264Sps; readonly pps: H264Pps };

/**
 * Parses the header of a coded slice, types 1 and 5, with its NAL header and emulation prevention.
 * The result borrows nothing.
 *
 * @throws {CodecError} if it is cut short, its parameter sets are not known, or a value exceeds its
 * limit.
 */
export function parseH264SliceHeader(
  nalUnit: Uint8Array,
  parameterSetsOf: ParameterSetsOf,
): H264SliceHeader {
  const payload = nalUnit.subarray(1);
  const usual = removeEmulationPrevention(payload, USUAL_HEADER_SIZE);
  if (payload.length <= USUAL_HEADER_SIZE) {
    return readHeader(nalUnit[0] ?? 0, usual, parameterSetsOf);
  }
  try {
    return readHeader(nalUnit[0]!, usual, parameterSetsOf);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    const longest = removeEmulationPrevention(payload, MAX_HEADER_SIZE);
    return readHeader(nalUnit[0]!, longest, parameterSetsOf);
  }
}

function readHeader(
  nalHeader: number,
  bytes: Uint8Array,
  parameterSetsOf: ParameterSetsOf,
): H264SliceHeader {
  const nalType = nalHeader & 0b1_1111;
  const isIdr = nalType === H264_NAL.SLICE_IDR;
  if (!isIdr && nalType !== H264_NAL.SLICE) {
    throw new CodecError(`Cannot parse slice header: must be NAL type 1 or 5, got ${nalType}`);
  }
  const isReference = (nalHeader & 0b110_0000) !== 0;
  const bits = new BitReader(bytes, CodecError);
  const firstMb = bits.ue();
  const type = readType(bits, isIdr);
  const ppsId = bits.ue();
  const { sps, pps } = parameterSetsOf(ppsId);
  if (sps.separateColourPlane) bits.skip(2);
  const frameNum = bits.bits(sps.frameNumBits);
  const field = sps.frameMbsOnly || bits.bit() === 0
    ? undefined
    : bits.bit() === 1
    ? "bottom"
    : "top";
  const idrPicId = isIdr ? bits.ue() : 0;
  const order = readOrder(bits, sps, pps, field !== undefined);
  const redundantPicCnt = pps.hasRedundantPictures ? bits.ue() : 0;
  const lists = readLists(bits, type, sps, pps);
  const marking = isReference ? readMarking(bits, isIdr) : NO_MARKING;
  return {
    type,
    isIdr,
    isReference,
    firstMb,
    ppsId,
    frameNum,
    field,
    idrPicId,
    picOrderCntLsb: order.picOrderCntLsb,
    deltaPicOrderCntBottom: order.deltaPicOrderCntBottom,
    deltaPicOrderCnt: order.deltaPicOrderCnt,
    redundantPicCnt,
    activeReferences: lists.activeReferences,
    modifications: lists.modifications,
    isLongTermIdr: marking.isLongTermIdr,
    hasAdaptiveMarking: marking.hasAdaptiveMarking,
    markings: marking.markings,
  };
}

function readType(bits: BitReader, isIdr: boolean): H264PictureType {
  const sliceType = bits.ue();
  const type = sliceType > 9 ? undefined : SLICE_TYPES[sliceType % 5];
  if (type === undefined || isIdr && type !== "I") {
    const wanted = isIdr ? "I in an IDR picture" : "P, B or I";
    throw new CodecError(
      `Cannot parse slice header: slice must be ${wanted}, got type ${sliceType}`,
    );
  }
  return type;
}

function readOrder(bits: BitReader, sps: H264Sps, pps: H264Pps, isField: boolean) {
  let picOrderCntLsb = 0;
  let deltaPicOrderCntBottom = 0;
  let deltaPicOrderCnt = 0;
  const hasBottom = pps.hasBottomFieldOrder && !isField;
  if (sps.picOrderCntType === 0) {
    picOrderCntLsb = bits.bits(sps.picOrderCntLsbBits);
    if (hasBottom) deltaPicOrderCntBottom = bits.se();
  } else if (sps.picOrderCntType === 1 && !sps.deltaPicOrderAlwaysZero) {
    deltaPicOrderCnt = bits.se();
    if (hasBottom) deltaPicOrderCntBottom = bits.se();
  }
  return { picOrderCntLsb, deltaPicOrderCntBottom, deltaPicOrderCnt };
}

const NO_LISTS = { activeReferences: 0, modifications: NO_MODIFICATIONS };

function readLists(bits: BitReader, type: H264PictureType, sps: H264Sps, pps: H264Pps) {
  if (type === "I") return NO_LISTS;
  if (type === "B") bits.skip(1); // direct_spatial_mv_pred_flag
  let [list0, list1] = pps.defaultActiveReferences;
  if (bits.bit() === 1) {
    list0 = readActiveReferences(bits);
    if (type === "B") list1 = readActiveReferences(bits);
  }
  const modifications = readListModifications(bits);
  if (type === "B") readListModifications(bits);
  const hasWeights = type === "P" ? pps.weightsP : pps.weightedBipredIdc === 1;
  if (hasWeights) {
    const hasChroma = sps.chromaFormatIdc !== 0 && !sps.separateColourPlane;
    skipWeights(bits, type === "P" ? list0 : list0 + list1, hasChroma);
  }
  return { activeReferences: list0, modifications };
}

function readActiveReferences(bits: BitReader): number {
  const count = bits.ue() + 1;
  if (count > MAX_ACTIVE_REFERENCES) {
    throw new CodecError(
      `Cannot parse slice header: list must have up to ${MAX_ACTIVE_REFERENCES} entries, got ${count}`,
    );
  }
  return count;
}

const NO_MARKING = { isLongTermIdr: false, hasAdaptiveMarking: false, markings: NO_MARKINGS };

/** dec_ref_pic_marking (H.264 7.3.3.3). */
function readMarking(bits: BitReader, isIdr: boolean) {
  if (isIdr) {
    bits.skip(1); // no_output_of_prior_pics_flag
    return bits.bit() === 1 ? { ...NO_MARKING, isLongTermIdr: true } : NO_MARKING;
  }
  if (bits.bit() === 0) return NO_MARKING;
  return { isLongTermIdr: false, hasAdaptiveMarking: true, markings: readMarkings(bits) };
}
