import { H264_NAL, type NalLengthSize } from "./h264/h264.ts";
import { h264PictureType } from "./h264/slice.ts";
import { H265_NAL } from "./h265/h265.ts";
import { type NalCodec, nalTypeOf } from "./nal_facts.ts";
import { walkNalUnits } from "./nal_units.ts";

/** Messages of one SEI NAL unit that are looked at; encoders send up to five. */
const MAX_SEI_MESSAGES = 64;

/** payloadType of a recovery point, of either codec (H.264 D.1, H.265 D.2.1). */
const RECOVERY_POINT = 6;

/** Where such messages are, and the bytes of a NAL unit's header. */
const SEI = {
  h264: { type: H264_NAL.SEI, headerSize: 1 },
  h265: { type: H265_NAL.PREFIX_SEI, headerSize: 2 },
} as const;

/**
 * Whether an access unit says by an SEI message that decoding can begin with it, although it is no
 * key frame (H.264 D.2.8, H.265 D.3.8): as encoders that refresh pictures bit by bit do.
 *
 * Sizes within a message may hold emulation prevention; those of the messages that encoders put in
 * front of a recovery point do not. Behind a length that exceeds the access unit nothing is found.
 */
export function hasRecoveryPoint(
  codec: NalCodec,
  accessUnit: Uint8Array,
  nalLengthSize: NalLengthSize,
): boolean {
  const { type, headerSize } = SEI[codec];
  let isFound = false;
  walkNalUnits(accessUnit, nalLengthSize, (start, end) => {
    if (end - start <= headerSize) return false;
    const unit = accessUnit.subarray(start, end);
    isFound = nalTypeOf(codec, unit) === type &&
      seiHas(RECOVERY_POINT, unit.subarray(headerSize));
    return isFound;
  });
  return isFound;
}

/**
 * Whether an access unit may be the key frame that its tag says it is: an intra picture, or one with
 * a recovery point. Where its type is not known, the tag is believed; one that is malformed is none.
 */
export function canStartWithH264(accessUnit: Uint8Array, nalLengthSize: NalLengthSize): boolean {
  const type = h264PictureType(accessUnit, nalLengthSize);
  return type === "I" || type === undefined || hasRecoveryPoint("h264", accessUnit, nalLengthSize);
}

/** Whether there is a message of this type in the payload of an SEI NAL unit (H.264 7.3.2.3.1). */
function seiHas(wanted: number, payload: Uint8Array): boolean {
  for (let at = 0, count = 0; at < payload.length && count < MAX_SEI_MESSAGES; count++) {
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
