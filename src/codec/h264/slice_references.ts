import type { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";

/** Commands that one list modification or one marking may hold: two for each of 33 fields. */
const MAX_REFERENCE_COMMANDS = 66;

/** One step of a list modification (H.264 7.4.3.1), by the difference or number it carries. */
export interface H264ListModification {
  readonly kind: "subtract" | "add" | "long-term";
  /** abs_diff_pic_num, 1 or more, or long_term_pic_num. */
  readonly value: number;
}

/** One memory_management_control_operation, 1 to 6 (H.264 table 7-9). */
export interface H264Marking {
  readonly operation: number;
  /** difference_of_pic_nums, 1 or more, for operations 1 and 3; else 0. */
  readonly picNumDifference: number;
  /**
   * long_term_pic_num for operation 2, long_term_frame_idx for 3 and 6, the number of indexes
   * allowed from now on for 4; else 0.
   */
  readonly longTerm: number;
}

export const NO_MODIFICATIONS: readonly H264ListModification[] = [];
export const NO_MARKINGS: readonly H264Marking[] = [];

const MODIFICATION_KINDS = ["subtract", "add", "long-term"] as const;
const END_OF_MODIFICATIONS = 3;

/**
 * Reads ref_pic_list_modification of one list (H.264 7.3.3.1).
 *
 * @throws {CodecError} if a command is unknown, or there are too many.
 */
export function readListModifications(bits: BitReader): readonly H264ListModification[] {
  if (bits.bit() === 0) return NO_MODIFICATIONS;
  const modifications: H264ListModification[] = [];
  for (let idc = bits.ue(); idc !== END_OF_MODIFICATIONS; idc = bits.ue()) {
    const kind = MODIFICATION_KINDS[idc];
    if (kind === undefined) {
      throw new CodecError(`Cannot parse slice header: list modification must be 0..3, got ${idc}`);
    }
    checkCount(modifications.length, "list modifications");
    modifications.push({ kind, value: kind === "long-term" ? bits.ue() : bits.ue() + 1 });
  }
  return modifications;
}

/**
 * Reads memory_management_control_operations up to their end (H.264 7.3.3.3).
 *
 * @throws {CodecError} if one is unknown, or there are too many.
 */
export function readMarkings(bits: BitReader): readonly H264Marking[] {
  const markings: H264Marking[] = [];
  for (let operation = bits.ue(); operation !== 0; operation = bits.ue()) {
    if (operation > 6) {
      throw new CodecError(`Cannot parse slice header: marking must be 0..6, got ${operation}`);
    }
    checkCount(markings.length, "markings");
    const picNumDifference = operation === 1 || operation === 3 ? bits.ue() + 1 : 0;
    const longTerm = operation === 1 || operation === 5 ? 0 : bits.ue();
    markings.push({ operation, picNumDifference, longTerm });
  }
  return markings;
}

/** Passes over pred_weight_table for `entries` of both lists (H.264 7.3.3.2). */
export function skipWeights(bits: BitReader, entries: number, hasChroma: boolean): void {
  bits.ue(); // luma_log2_weight_denom
  if (hasChroma) bits.ue();
  for (let entry = 0; entry < entries; entry++) {
    if (bits.bit() === 1) skipCodes(bits, 2);
    if (hasChroma && bits.bit() === 1) skipCodes(bits, 4);
  }
}

function skipCodes(bits: BitReader, count: number): void {
  for (let skipped = 0; skipped < count; skipped++) bits.ue();
}

function checkCount(count: number, name: string): void {
  if (count === MAX_REFERENCE_COMMANDS) {
    throw new CodecError(
      `Cannot parse slice header: must have up to ${MAX_REFERENCE_COMMANDS} ${name}, got more`,
    );
  }
}
