import { H264_NAL } from "../codec/h264.ts";
import {
  carvedSize,
  DEFAULT_MAX_PAYLOAD_SIZE,
  MAX_MAX_PAYLOAD_SIZE,
  MIN_MAX_PAYLOAD_SIZE,
  PacketCarver,
} from "./packet_carver.ts";
import type { AccessUnitTiming, PacketSink } from "./packet_sink.ts";
import { RtpError } from "./rtp_error.ts";

/** RTP clock of all video. */
export const VIDEO_CLOCK_RATE_HZ = 90_000;

/** Types of payload structures that are no NAL units (RFC 6184 5.2, table 1). */
const STAP_A = 24;
const FU_A = 28;

/** The NAL header in front of a STAP-A, and the length in front of each of its units. */
const STAP_A_HEADER_SIZE = 1;
const STAP_A_LENGTH_SIZE = 2;

/** FU indicator and FU header; the NAL header is not repeated. */
const FU_A_HEADER_SIZE = 2;
const FU_START = 0x80;
const FU_END = 0x40;

const NAL_TYPE_MASK = 0b1_1111;
const NAL_F_NRI_MASK = 0b1110_0000;

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
export interface H264RtpFormat {
  /** Parameter sets of the decoder configuration, with their NAL header. */
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
  /** Written into all packets; each viewer's sender replaces it. */
  readonly ssrc: number;
  /** Bytes of a payload, {@linkcode DEFAULT_MAX_PAYLOAD_SIZE} by default. */
  readonly maxPayloadSize?: number;
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
  const maxPayloadSize = format.maxPayloadSize ?? DEFAULT_MAX_PAYLOAD_SIZE;
  if (!(maxPayloadSize >= MIN_MAX_PAYLOAD_SIZE && maxPayloadSize <= MAX_MAX_PAYLOAD_SIZE)) {
    throw new RtpError(
      `Cannot packetize H.264: payload size must be ${MIN_MAX_PAYLOAD_SIZE}..${MAX_MAX_PAYLOAD_SIZE}, got ${maxPayloadSize}`,
    );
  }
  const units = unitsToSend(accessUnit, format);
  if (units.length === 0) return 0;
  const { packetCount, size } = plan(units, maxPayloadSize);
  const { timestamp, timeMs, isKeyFrame } = accessUnit;
  const carved = { timestamp, timeMs, isKeyFrame, ssrc: format.ssrc };
  const carver = new PacketCarver(out, carved, packetCount, size);
  for (let start = 0; start < units.length;) {
    const end = aggregateEnd(units, start, maxPayloadSize);
    if (end - start > 1) writeAggregate(carver, units, start, end);
    else if (units[start]!.length > maxPayloadSize) {
      writeFragments(carver, units[start]!, maxPayloadSize);
    } else writeSingle(carver, units[start]!);
    start = end;
  }
  return packetCount;
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

/** How many packets `units` make, and how large a buffer holds them. */
function plan(units: readonly Uint8Array[], maxPayloadSize: number) {
  let packetCount = 0;
  let size = 0;
  for (let start = 0; start < units.length;) {
    const end = aggregateEnd(units, start, maxPayloadSize);
    const unitSize = units[start]!.length;
    if (end - start > 1) {
      packetCount++;
      size += carvedSize(aggregateSize(units, start, end));
    } else if (unitSize > maxPayloadSize) {
      const count = fragmentCount(unitSize, maxPayloadSize);
      const smaller = Math.floor((unitSize - 1) / count);
      const larger = (unitSize - 1) % count;
      packetCount += count;
      size += larger * carvedSize(FU_A_HEADER_SIZE + smaller + 1) +
        (count - larger) * carvedSize(FU_A_HEADER_SIZE + smaller);
    } else {
      packetCount++;
      size += carvedSize(unitSize);
    }
    start = end;
  }
  return { packetCount, size };
}

/** Behind the last of the units from `start` on that fit one STAP-A; at least one is taken. */
function aggregateEnd(units: readonly Uint8Array[], start: number, maxPayloadSize: number): number {
  let size = STAP_A_HEADER_SIZE;
  let end = start;
  while (end < units.length) {
    size += STAP_A_LENGTH_SIZE + units[end]!.length;
    if (size > maxPayloadSize) break;
    end++;
  }
  return Math.max(end, start + 1);
}

function aggregateSize(units: readonly Uint8Array[], start: number, end: number): number {
  let size = STAP_A_HEADER_SIZE;
  for (let at = start; at < end; at++) size += STAP_A_LENGTH_SIZE + units[at]!.length;
  return size;
}

/** At least 2, since a unit that is cut is larger than a payload. */
function fragmentCount(unitSize: number, maxPayloadSize: number): number {
  return Math.ceil((unitSize - 1) / (maxPayloadSize - FU_A_HEADER_SIZE));
}

function writeSingle(carver: PacketCarver, unit: Uint8Array): void {
  carver.buffer.set(unit, carver.payloadOffset);
  carver.finish(unit.length);
}

/** A STAP-A (RFC 6184 5.7.1): its header has the highest NRI of its units, and F if one has it. */
function writeAggregate(
  carver: PacketCarver,
  units: readonly Uint8Array[],
  start: number,
  end: number,
): void {
  const { buffer, payloadOffset } = carver;
  let forbidden = 0;
  let importance = 0;
  let at = payloadOffset + STAP_A_HEADER_SIZE;
  for (let index = start; index < end; index++) {
    const unit = units[index]!;
    forbidden |= unit[0]! & 0x80;
    importance = Math.max(importance, unit[0]! & 0x60);
    buffer[at] = unit.length >> 8;
    buffer[at + 1] = unit.length;
    buffer.set(unit, at + STAP_A_LENGTH_SIZE);
    at += STAP_A_LENGTH_SIZE + unit.length;
  }
  buffer[payloadOffset] = forbidden | importance | STAP_A;
  carver.finish(at - payloadOffset);
}

/** FU-As (RFC 6184 5.8), whose sizes differ by one byte at most. */
function writeFragments(carver: PacketCarver, unit: Uint8Array, maxPayloadSize: number): void {
  const { buffer } = carver;
  const count = fragmentCount(unit.length, maxPayloadSize);
  const smaller = Math.floor((unit.length - 1) / count);
  const larger = (unit.length - 1) % count;
  const indicator = (unit[0]! & NAL_F_NRI_MASK) | FU_A;
  const type = unit[0]! & NAL_TYPE_MASK;
  let taken = 1;
  for (let index = 0; index < count; index++) {
    const size = index < larger ? smaller + 1 : smaller;
    const at = carver.payloadOffset;
    const position = index === 0 ? FU_START : index === count - 1 ? FU_END : 0;
    buffer[at] = indicator;
    buffer[at + 1] = position | type;
    buffer.set(unit.subarray(taken, taken + size), at + FU_A_HEADER_SIZE);
    carver.finish(FU_A_HEADER_SIZE + size);
    taken += size;
  }
}
