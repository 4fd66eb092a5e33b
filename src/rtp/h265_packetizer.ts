import { H265_NAL, H265_NAL_HEADER_SIZE } from "../codec/h265/h265.ts";
import { h265LayerId, h265NalType } from "../codec/h265/access_unit.ts";
import { type NalWrapping, packetizeNalUnits } from "./nal_packets.ts";
import type { AccessUnitTiming, PacketSink } from "./packet_sink.ts";
import { maxPayloadSizeOf, type PayloadFormat } from "./payload_size.ts";

/** From this type on, up to filler data: of no use to a viewer. */
const FIRST_DROPPED_TYPE = H265_NAL.ACCESS_UNIT_DELIMITER;
const LAST_DROPPED_TYPE = H265_NAL.FILLER_DATA;

/** Types of payload structures that are no NAL units (RFC 7798 4.4.2, 4.4.3). */
const AGGREGATE = 48;
const FRAGMENT = 49;

/** nuh_temporal_id_plus1, in the second byte of a header. */
const TEMPORAL_LAYER_MASK = 0b111;

/** A coded picture and what comes with it. */
export interface H265AccessUnit extends AccessUnitTiming {
  /** NAL units with their header of two bytes. Borrowed for the call. */
  readonly nalUnits: readonly Uint8Array[];
  /** Parameter sets are sent in front of it, and viewers may begin with it. */
  readonly isKeyFrame: boolean;
}

/** What the packets of a stream have in common. */
export interface H265RtpFormat extends PayloadFormat {
  /** Parameter sets of the decoder configuration, with their NAL header. */
  readonly vps: readonly Uint8Array[];
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
  /** Temporal sub-layers; 0 if that is not known. */
  readonly temporalLayers?: number;
}

/**
 * Makes the RTP packets of one access unit, in single-stream transmission without DONL (RFC 7798
 * 4.4, `tx-mode=SRST` with `sprop-max-don-diff=0`), and returns how many: none if nothing of it is
 * worth sending.
 *
 * Neighbours that fit one packet together are aggregated, a NAL unit that fits none is cut into
 * fragments of about equal size, and any other goes as it is. A key frame is preceded by the
 * parameter sets of the format, in place of which go those that the access unit carries itself.
 * Delimiters, filler, ends of sequence and types from 48 on, which would be taken for aggregates, are
 * dropped.
 *
 * All packets are views of one buffer of their own; nothing borrows from `accessUnit`.
 *
 * @throws {RtpError} if `maxPayloadSize` is out of bounds.
 *
 * @example
 * ```ts
 * import { packetizeH265 } from "./h265_packetizer.ts";
 * import { PacketRing } from "./packet_ring.ts";
 *
 * const ring = new PacketRing();
 * const sets = { vps: [Uint8Array.of(0x40, 1, 1)], sps: [], pps: [] };
 * const nalUnits = [Uint8Array.of(0x26, 1, ...new Uint8Array(3000))];
 * const accessUnit = { nalUnits, isKeyFrame: true, timestamp: 0, timeMs: 0 };
 * packetizeH265(accessUnit, { ...sets, ssrc: 1 }, ring); // 4
 * ```
 */
export function packetizeH265(
  accessUnit: H265AccessUnit,
  format: H265RtpFormat,
  out: PacketSink,
): number {
  const maxPayloadSize = maxPayloadSizeOf(format, "H.265");
  const units = unitsToSend(accessUnit, format);
  const { timestamp, timeMs, isKeyFrame } = accessUnit;
  const isUnreferenced = units.every((unit) => isUnreferencedUnit(unit, format));
  const carved = { timestamp, timeMs, isKeyFrame, isUnreferenced, ssrc: format.ssrc };
  return packetizeNalUnits(units, H265_WRAPPING, maxPayloadSize, carved, out);
}

/**
 * Whether nothing is lost with a unit but itself: pictures that none of their sub-layer refers to
 * (table 7-1), if there is no higher one that may; and messages that belong to them.
 */
function isUnreferencedUnit(unit: Uint8Array, { temporalLayers = 0 }: H265RtpFormat): boolean {
  const type = h265NalType(unit);
  if (type >= H265_NAL.VPS && type <= H265_NAL.PPS) return false;
  if (type >= H265_NAL.VPS) return true;
  const temporalLayer = unit[1]! & TEMPORAL_LAYER_MASK;
  return type < H265_NAL.BLA_W_LP && type % 2 === 0 && temporalLayers > 0 &&
    temporalLayer >= temporalLayers;
}

/** The units worth sending, with the parameter sets that a key frame needs and does not carry. */
function unitsToSend(accessUnit: H265AccessUnit, format: H265RtpFormat): readonly Uint8Array[] {
  const units: Uint8Array[] = [];
  let vpsEnd = 0;
  let spsEnd = 0;
  let hasPps = false;
  for (const unit of accessUnit.nalUnits) {
    if (unit.length < H265_NAL_HEADER_SIZE) continue;
    const type = h265NalType(unit);
    if (type >= AGGREGATE || type >= FIRST_DROPPED_TYPE && type <= LAST_DROPPED_TYPE) continue;
    units.push(unit);
    if (type === H265_NAL.VPS) vpsEnd = units.length;
    if (type === H265_NAL.SPS) spsEnd = units.length;
    if (type === H265_NAL.PPS) hasPps = true;
  }
  if (!accessUnit.isKeyFrame || units.length === 0) return units;
  // Each kind refers to the one before it, which has to come first.
  if (!hasPps) units.splice(Math.max(vpsEnd, spsEnd), 0, ...format.pps);
  if (spsEnd === 0) units.splice(vpsEnd, 0, ...format.sps);
  if (vpsEnd === 0) units.unshift(...format.vps);
  return units;
}

const H265_WRAPPING: NalWrapping = {
  headerSize: H265_NAL_HEADER_SIZE,
  /** RFC 7798 4.4.2: F if one of the units has it, the lowest layer, the lowest temporal layer. */
  writeAggregateHeader: (buffer, at, units, start, end) => {
    let forbidden = 0;
    let layer = 0b11_1111;
    let temporal = 0b111;
    for (let index = start; index < end; index++) {
      const unit = units[index]!;
      forbidden |= unit[0]! & 0x80;
      layer = Math.min(layer, h265LayerId(unit));
      temporal = Math.min(temporal, unit[1]! & 0b111);
    }
    buffer[at] = forbidden | AGGREGATE << 1 | layer >> 5;
    buffer[at + 1] = layer << 3 | temporal;
  },
  /** RFC 7798 4.4.3: the NAL header with the type of a fragment, then the FU header. */
  writeFragmentHeader: (buffer, at, unit, position) => {
    buffer[at] = unit[0]! & 0b1000_0001 | FRAGMENT << 1;
    buffer[at + 1] = unit[1]!;
    buffer[at + 2] = position | h265NalType(unit);
  },
};
