import { type Malformed, malformed, malformedText } from "../bytes/malformed.ts";
import { CodecError } from "./codec_error.ts";
import type { NalLengthSize } from "./h264/h264.ts";

/**
 * NAL units of one access unit, empty ones included. Level 6.2 allows 600 slices; the rest is for
 * parameter sets and SEI.
 */
export const MAX_NAL_UNITS = 1024;

const ACTION = "split access unit";
const COUNT_RULE = `it must hold up to ${MAX_NAL_UNITS} NAL units`;

/**
 * The NAL units of an access unit of H.264 or H.265 as MP4 and FLV carry it, each behind its length
 * (ISO/IEC 14496-15 4.3.2). They borrow from `accessUnit`; those shorter than `minSize` are left
 * out, as encoders send empty ones.
 *
 * @param minSize bytes of a NAL unit that is one, at least 1
 * @throws {CodecError} if a length exceeds the access unit, or there are more than
 * {@linkcode MAX_NAL_UNITS}.
 */
export function splitNalUnits(
  accessUnit: Uint8Array,
  nalLengthSize: NalLengthSize,
  minSize: number,
): Uint8Array[] {
  const units: Uint8Array[] = [];
  const fault = walkNalUnits(accessUnit, nalLengthSize, (start, end) => {
    if (end - start >= minSize) units.push(accessUnit.subarray(start, end));
    return false;
  });
  if (fault !== undefined) throw new CodecError(malformedText(fault));
  return units;
}

/**
 * Goes through the NAL units of an access unit until `visit` returns true. Runs for every frame, and
 * on whatever a peer sends: it allocates nothing and throws nothing.
 *
 * @param visit gets where a NAL unit begins, behind its length, and where it ends
 * @returns what is wrong with the lengths up to there: one exceeds the access unit, or there are
 * more than {@linkcode MAX_NAL_UNITS}
 */
export function walkNalUnits(
  accessUnit: Uint8Array,
  nalLengthSize: NalLengthSize,
  visit: (start: number, end: number) => boolean,
): Malformed | undefined {
  let count = 0;
  for (let at = 0; at < accessUnit.length;) {
    const start = at + nalLengthSize;
    const end = start + nalLengthAt(accessUnit, at, nalLengthSize);
    if (end > accessUnit.length) return malformed(ACTION, "NAL unit must end within it", end);
    if (++count > MAX_NAL_UNITS) return malformed(ACTION, COUNT_RULE, count);
    if (visit(start, end)) return undefined;
    at = end;
  }
  return undefined;
}

/** The length in front of a NAL unit; bytes that are missing are 0. */
export function nalLengthAt(
  accessUnit: Uint8Array,
  at: number,
  nalLengthSize: NalLengthSize,
): number {
  let length = 0;
  // Not by shifts: a length of 32 bits must not turn negative.
  for (let index = at; index < at + nalLengthSize; index++) {
    length = length * 256 + (accessUnit[index] ?? 0);
  }
  return length;
}
