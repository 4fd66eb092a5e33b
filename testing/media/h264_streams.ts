/** Hand-made H.264 parameter sets and slices; behind the slice header there is nothing. */
import { addEmulationPrevention, BitWriter } from "./bit_writer.ts";

/** Bits of frame_num and of pic_order_cnt_lsb. */
export const FRAME_NUM_BITS = 4;
const ORDER_BITS = 6;

export interface MadeSps {
  readonly maxRefFrames?: number;
  readonly allowsFrameNumGaps?: boolean;
  readonly frameMbsOnly?: boolean;
  /** 0 by default; 1 has a cycle of 4 and -4 around 6, 2 has no reordering. */
  readonly picOrderCntType?: 0 | 1 | 2;
  /** In a VUI with nothing else. */
  readonly maxReorderFrames?: number;
}

/** A main profile SPS of 320x192 with id 0. */
export function makeSps(made: MadeSps = {}): Uint8Array<ArrayBuffer> {
  const { maxRefFrames = 2, allowsFrameNumGaps = false, frameMbsOnly = true } = made;
  const { picOrderCntType = 0, maxReorderFrames } = made;
  const bits = new BitWriter().bits(0x67, 8).bits(77, 8).bits(0, 8).bits(31, 8).ue(0);
  bits.ue(FRAME_NUM_BITS - 4).ue(picOrderCntType);
  if (picOrderCntType === 0) bits.ue(ORDER_BITS - 4);
  if (picOrderCntType === 1) bits.bits(0, 1).se(-2).se(1).ue(2).se(4).se(8);
  bits.ue(maxRefFrames).bits(allowsFrameNumGaps ? 1 : 0, 1).ue(19).ue(11);
  bits.bits(frameMbsOnly ? 1 : 0, 1);
  if (!frameMbsOnly) bits.bits(0, 1);
  bits.bits(1, 1).bits(0, 1);
  bits.bits(maxReorderFrames === undefined ? 0 : 1, 1);
  if (maxReorderFrames !== undefined) {
    bits.bits(0, 8).bits(1, 1).bits(1, 1).ue(0).ue(0).ue(10).ue(10).ue(maxReorderFrames).ue(16);
  }
  return addEmulationPrevention(bits.bits(1, 1).take());
}

export interface MadePps {
  readonly id?: number;
  readonly spsId?: number;
  readonly sliceGroups?: number;
  readonly active?: readonly [list0: number, list1: number];
  readonly weightsP?: boolean;
  readonly weightedBipredIdc?: number;
  readonly hasBottomFieldOrder?: boolean;
  readonly hasRedundantPictures?: boolean;
}

export function makePps(made: MadePps = {}): Uint8Array<ArrayBuffer> {
  const [list0, list1] = made.active ?? [1, 1];
  const bits = new BitWriter().bits(0x68, 8).ue(made.id ?? 0).ue(made.spsId ?? 0).bits(1, 1);
  bits.bits(made.hasBottomFieldOrder ? 1 : 0, 1).ue((made.sliceGroups ?? 1) - 1);
  bits.ue(list0 - 1).ue(list1 - 1).bits(made.weightsP ? 1 : 0, 1);
  bits.bits(made.weightedBipredIdc ?? 0, 2).se(0).se(0).se(0).bits(0b10, 2);
  bits.bits(made.hasRedundantPictures ? 1 : 0, 1);
  return addEmulationPrevention(bits.bits(1, 1).take());
}

export interface MadeSlice {
  readonly type: "I" | "P" | "B";
  readonly isIdr?: boolean;
  readonly isReference?: boolean;
  readonly firstMb?: number;
  readonly ppsId?: number;
  readonly frameNum?: number;
  /** field_pic_flag and bottom_field_flag, for an SPS that allows fields. */
  readonly field?: "0" | "10" | "11";
  /** pic_order_cnt_lsb, for an SPS of order counts of type 0. */
  readonly order?: number;
  /** Everything between idr_pic_id and the lists, in place of `order`. */
  readonly writeOrder?: (bits: BitWriter) => void;
  /** num_ref_idx_active_override for list 0, and 1 for list 1. */
  readonly active?: number;
  /** modification_of_pic_nums_idc and its value, as coded. */
  readonly modifications?: readonly (readonly [idc: number, value: number])[];
  readonly writeWeights?: (bits: BitWriter) => void;
  /** memory_management_control_operation and its values, as coded. */
  readonly markings?: readonly (readonly number[])[];
  readonly isLongTermIdr?: boolean;
}

/** A slice for {@linkcode makeSps} and {@linkcode makePps}. */
export function makeSlice(slice: MadeSlice): Uint8Array<ArrayBuffer> {
  const { type, isIdr = false, isReference = type !== "B" } = slice;
  const bits = new BitWriter().bits(isReference ? 0x60 : 0, 8);
  bits.ue(slice.firstMb ?? 0).ue({ P: 5, B: 6, I: 7 }[type]).ue(slice.ppsId ?? 0);
  bits.bits(slice.frameNum ?? 0, FRAME_NUM_BITS);
  for (const bit of slice.field ?? "") bits.bits(Number(bit), 1);
  if (isIdr) bits.ue(0);
  if (slice.writeOrder) slice.writeOrder(bits);
  else bits.bits(slice.order ?? 0, ORDER_BITS);
  if (type === "B") bits.bits(1, 1);
  if (type !== "I") writeLists(bits, slice);
  slice.writeWeights?.(bits);
  if (isReference && isIdr) bits.bits(0, 1).bits(slice.isLongTermIdr ? 1 : 0, 1);
  if (isReference && !isIdr) writeMarkings(bits, slice.markings);
  const bytes = addEmulationPrevention(bits.bits(0x1234, 16).take());
  bytes[0]! |= isIdr ? 5 : 1;
  return bytes;
}

function writeLists(bits: BitWriter, { type, active, modifications }: MadeSlice): void {
  bits.bits(active === undefined ? 0 : 1, 1);
  if (active !== undefined) bits.ue(active - 1);
  if (active !== undefined && type === "B") bits.ue(0);
  bits.bits(modifications === undefined ? 0 : 1, 1);
  for (const [idc, value] of modifications ?? []) bits.ue(idc).ue(value);
  if (modifications !== undefined) bits.ue(3);
  if (type === "B") bits.bits(0, 1);
}

function writeMarkings(bits: BitWriter, markings: MadeSlice["markings"]): void {
  bits.bits(markings === undefined ? 0 : 1, 1);
  for (const marking of markings ?? []) for (const value of marking) bits.ue(value);
  if (markings !== undefined) bits.ue(0);
}

/** NAL units, each behind a length of four bytes. */
export function accessUnitOf(...nalUnits: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const unit of nalUnits) bytes.push(0, 0, unit.length >> 8, unit.length & 0xff, ...unit);
  return Uint8Array.from(bytes);
}
