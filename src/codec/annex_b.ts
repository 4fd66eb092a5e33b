import { MAX_NAL_UNITS } from "./nal_units.ts";

/** Bytes of the length that {@linkcode lengthPrefixed} writes in front of a NAL unit. */
const LENGTH_SIZE = 4;

/**
 * Whether data begin with a start code: NAL units of H.264 or H.265 as a byte stream (annex B of
 * both), where MP4 and FLV want lengths. A length of 1 looks like one, so this is to be asked of what
 * has no sense by its lengths.
 */
export function hasStartCode(data: Uint8Array): boolean {
  return data[0] === 0 && data[1] === 0 && (data[2] === 1 || (data[2] === 0 && data[3] === 1));
}

/**
 * The NAL units of a byte stream; they borrow from it. Empty ones are left out, and so is what lies
 * before the first start code.
 *
 * @returns `undefined` if there are more than MAX_NAL_UNITS
 *
 * @example
 * ```ts
 * import { splitByteStream } from "./annex_b.ts";
 *
 * splitByteStream(Uint8Array.of(0, 0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x65, 0x88)); // 2 NAL units
 * ```
 */
export function splitByteStream(data: Uint8Array): Uint8Array[] | undefined {
  const units: Uint8Array[] = [];
  let start = startCodeEnd(data, 0);
  while (start < data.length) {
    const next = startCodeEnd(data, start);
    let end = next < data.length || endsWithStartCode(data, next) ? next - 3 : data.length;
    // The zero of a longer start code, and trailing ones: no NAL unit ends with a zero byte.
    while (end > start && data[end - 1] === 0) end--;
    if (end > start) {
      if (units.length === MAX_NAL_UNITS) return undefined;
      units.push(data.subarray(start, end));
    }
    start = next;
  }
  return units;
}

/** NAL units behind their lengths of four bytes, one after the other. */
export function lengthPrefixed(nalUnits: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = nalUnits.reduce((sum, unit) => sum + LENGTH_SIZE + unit.length, 0);
  const joined = new Uint8Array(size);
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const unit of nalUnits) {
    view.setUint32(at, unit.length);
    joined.set(unit, at + LENGTH_SIZE);
    at += LENGTH_SIZE + unit.length;
  }
  return joined;
}

/** Where the next start code from `from` on ends; the end of the data if there is none. */
function startCodeEnd(data: Uint8Array, from: number): number {
  for (let at = from + 2; at < data.length;) {
    const byte = data[at]!;
    if (byte > 1) at += 3;
    else if (byte === 0) at++;
    else if (data[at - 1] === 0 && data[at - 2] === 0) return at + 1;
    else at += 3;
  }
  return data.length;
}

function endsWithStartCode(data: Uint8Array, end: number): boolean {
  return end === data.length && data[end - 1] === 1 && data[end - 2] === 0 && data[end - 3] === 0;
}
