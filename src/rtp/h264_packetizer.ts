import { H264_NAL } from "../codec/h264/h264.ts";
import { type NalWrapping, packetizeNalUnits } from "./nal_packets.ts";
import type { AccessUnitTiming, PacketSink } from "./packet_sink.ts";
import { maxPayloadSizeOf, type PayloadFormat } from "./payload_size.ts";

/** Types of payload structures that are no NAL units (RFC 6184 5.2, table 1). */
const STAP_A = 24;
const FU_A = 28;

const NAL_TYPE_MASK = 0b1_1111;
const NAL_F_NRI_MASK = 0b1110_0000;
/** 0 says that nothing refers to it: in every slice of a picture, or in none (H.264 7.4.1). */
const NRI_MASK = 0b110_0000;

/** Access unit delimiter, end of sequence, end of stream, filler data: nothing of use to a viewer. */
const FIRST_DROPPED_TYPE = 9;
const LAST_DROPPED_TYPE = 12;

/** A coded picture and what comes with it. */
export interface H264AccessUnit extends AccessUnitTiming {
  /** NAL units with their header, as `splitH264NalUnits` gives them. Borrowed for the call. */
  readonly nalUnits: readonly Uint8Array[];
  /** Parameter sets are sent in front of it, and viewers may begin with it. */
  readonly isKeyFrame: boolean;
}

/** What the packets of a stream have in common. */
export interface H264RtpFormat extends PayloadFormat {
  /** Parameter sets of the decoder configuration, with their NAL header. */
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

/**
 * Makes the RTP packets of one access unit, in packetization mode 1 (RFC 6184 6.3), and returns how
 * many: none if nothing of it is worth sending.
 *
 * Neighbours that fit one packet together go into a STAP-A, a NAL unit that fits none is cut into
 * FU-As of about equal size, and any other goes as it is. A key frame is preceded by the parameter
 * sets of the format, in place of which go those that the access unit carries itself. Delimiters,
 * filler, ends of sequence and types that H.264 does not define are dropped: types from 24 on would
 * be taken for aggregates.
 *
 * All packets are views of one buffer of their own; nothing borrows from `accessUnit`.
 *
 * @throws {RtpError} if `maxPayloadSize` is out of bounds.
 *
 * @example
 * ```ts
 * import { packetizeH264 } from "./h264_packetizer.ts";
 * import { PacketRing } from "./packet_ring.ts";
 *
 * const ring = new PacketRing();
 * const format = { sps: [Uint8Array.of(0x67, 1)], pps: [Uint8Array.of(0x68, 2)], ssrc: 1 };
 * const nalUnits = [Uint8Array.of(0x65, ...new Uint8Array(3000))];
 * packetizeH264({ nalUnits, isKeyFrame: true, timestamp: 0, timeMs: 0 }, format, ring); // 4
 * ```
 */
export function packetizeH264(
  accessUnit: H264AccessUnit,
  format: H264RtpFormat,
  out: PacketSink,
): number {
  const maxPayloadSize = maxPayloadSizeOf(format, "H.264");
  const units = unitsToSend(accessUnit, format);
  const { timestamp, timeMs, isKeyFrame } = accessUnit;
  const isUnreferenced = units.every(isUnreferencedUnit);
  const carved = { timestamp, timeMs, isKeyFrame, isUnreferenced, ssrc: format.ssrc };
  return packetizeNalUnits(units, H264_WRAPPING, maxPayloadSize, carved, out);
}

/** Parameter sets, which have to arrive, count as referred to; other units beside slices do not. */
function isUnreferencedUnit(unit: Uint8Array): boolean {
  return (unit[0]! & NRI_MASK) === 0;
}

/** The units worth sending, with the parameter sets that a key frame needs and does not carry. */
function unitsToSend(accessUnit: H264AccessUnit, format: H264RtpFormat): readonly Uint8Array[] {
  const units: Uint8Array[] = [];
  let spsEnd = 0;
  let hasPps = false;
  for (const unit of accessUnit.nalUnits) {
    const type = (unit[0] ?? 0) & NAL_TYPE_MASK;
    const isDropped = type >= FIRST_DROPPED_TYPE && type <= LAST_DROPPED_TYPE;
    if (type === 0 || type >= STAP_A || isDropped) continue;
    units.push(unit);
    if (type === H264_NAL.SPS) spsEnd = units.length;
    if (type === H264_NAL.PPS) hasPps = true;
  }
  if (!accessUnit.isKeyFrame || units.length === 0) return units;
  // A picture parameter set refers to a sequence parameter set, which has to come before it.
  if (!hasPps) units.splice(spsEnd, 0, ...format.pps);
  if (spsEnd === 0) units.unshift(...format.sps);
  return units;
}

const H264_WRAPPING: NalWrapping = {
  headerSize: 1,
  /** A STAP-A (RFC 6184 5.7.1): the highest NRI of its units, and F if one has it. */
  writeAggregateHeader: (buffer, at, units, start, end) => {
    let forbidden = 0;
    let importance = 0;
    for (let index = start; index < end; index++) {
      const header = units[index]![0]!;
      forbidden |= header & 0x80;
      importance = Math.max(importance, header & 0x60);
    }
    buffer[at] = forbidden | importance | STAP_A;
  },
  /** An FU-A (RFC 6184 5.8): FU indicator and FU header. */
  writeFragmentHeader: (buffer, at, unit, position) => {
    buffer[at] = (unit[0]! & NAL_F_NRI_MASK) | FU_A;
    buffer[at + 1] = position | (unit[0]! & NAL_TYPE_MASK);
  },
};
