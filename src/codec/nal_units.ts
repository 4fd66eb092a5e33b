import { CodecError } from "./codec_error.ts";
import type { NalLengthSize } from "./h264.ts";

/** NAL units of one access unit. Level 6.2 allows 600 slices; the rest is for parameter sets and SEI. */
export const MAX_NAL_UNITS = 1024;

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
  for (let at = 0; at < accessUnit.length;) {
    const start = at + nalLengthSize;
    const end = nalUnitEnd(accessUnit, at, nalLengthSize);
    if (end - start >= minSize) {
      if (units.length === MAX_NAL_UNITS) {
        throw new CodecError(
          `Cannot split access unit: must hold up to ${MAX_NAL_UNITS} NAL units`,
        );
      }
      units.push(accessUnit.subarray(start, end));
    }
    at = end;
  }
  return units;
}

/**
 * Where the NAL unit ends whose length field is at `at`.
 *
 * @throws {CodecError} if that is behind the end of the access unit
 */
export function nalUnitEnd(
  accessUnit: Uint8Array,
  at: number,
  nalLengthSize: NalLengthSize,
): number {
  const start = at + nalLengthSize;
  let length = 0;
  // Not by shifts: a length of 32 bits must not turn negative.
  for (let index = at; index < start; index++) length = length * 256 + (accessUnit[index] ?? 0);
  const end = start + length;
  if (end > accessUnit.length) {
    throw new CodecError(
      `Cannot split access unit: NAL unit must end within ${accessUnit.length} bytes, got ${end}`,
    );
  }
  return end;
}
