import { H264_NAL, type NalLengthSize } from "./h264.ts";
import { h264PictureType } from "./h264_slice.ts";
import { nalUnitEnd } from "./nal_units.ts";

/** payloadType of a recovery point (H.264 D.1). */
const RECOVERY_POINT = 6;

/**
 * Whether an access unit says by an SEI message that decoding can begin with it, although it is no
 * IDR picture (H.264 D.2.8): as encoders that refresh pictures bit by bit do.
 *
 * Sizes within a message may hold emulation prevention; those of the messages that encoders put in
 * front of a recovery point do not.
 *
 * @throws {CodecError} if a length exceeds the access unit
 */
export function hasH264RecoveryPoint(
  accessUnit: Uint8Array,
  nalLengthSize: NalLengthSize,
): boolean {
  for (let at = 0; at < accessUnit.length;) {
    const start = at + nalLengthSize;
    const end = nalUnitEnd(accessUnit, at, nalLengthSize);
    const isSei = end > start && (accessUnit[start]! & 0b1_1111) === H264_NAL.SEI;
    if (isSei && seiHas(RECOVERY_POINT, accessUnit.subarray(start + 1, end))) return true;
    at = end;
  }
  return false;
}

/**
 * Whether an access unit may be the key frame that its tag says it is: an intra picture, or one with
 * a recovery point. Where its type is not known, the tag is believed.
 *
 * @throws {CodecError} if a length exceeds the access unit, or the first slice's header is broken
 */
export function canStartWithH264(accessUnit: Uint8Array, nalLengthSize: NalLengthSize): boolean {
  const type = h264PictureType(accessUnit, nalLengthSize);
  return type === "I" || type === undefined || hasH264RecoveryPoint(accessUnit, nalLengthSize);
}

/** Whether there is a message of this type in the payload of an SEI NAL unit (H.264 7.3.2.3.1). */
function seiHas(wanted: number, payload: Uint8Array): boolean {
  for (let at = 0; at < payload.length;) {
    let type = 0;
    for (; payload[at] === 0xff; at++) type += 0xff;
    type += payload[at++] ?? 0;
    let size = 0;
    for (; payload[at] === 0xff; at++) size += 0xff;
    size += payload[at++] ?? 0;
    if (type === wanted && size > 0 && at + size <= payload.length) return true;
    at += size;
  }
  return false;
}
