import { AV1_OBU } from "../codec/av1/obu.ts";
import { type Av1ObuView, Av1PayloadCutter } from "./av1_payload_cutter.ts";
import { type CarvedAccessUnit, carvedSize, PacketCarver } from "./packet_carver.ts";
import type { AccessUnitTiming, PacketSink } from "./packet_sink.ts";
import { maxPayloadSizeOf, type PayloadFormat } from "./payload_size.ts";

/** The first two must not be sent; padding is of no use to a viewer. */
const DROPPED_TYPES: ReadonlySet<number> = new Set([
  AV1_OBU.TEMPORAL_DELIMITER,
  AV1_OBU.TILE_LIST,
  AV1_OBU.PADDING,
]);

/** N of the aggregation header: a coded video sequence begins (AV1 RTP 4.4). */
const SEQUENCE_START = 0x08;

/** All frames of one presentation time: one that is shown, and hidden ones before it. */
export interface Av1TemporalUnit extends AccessUnitTiming {
  /** Borrowed for the call. */
  readonly obus: readonly Av1ObuView[];
  /** It begins a coded video sequence, and viewers may begin with it. */
  readonly isKeyFrame: boolean;
}

/** What the packets of a stream have in common. */
export interface Av1RtpFormat extends PayloadFormat {
  /** Of the decoder configuration, sent in front of key frames that do not carry their own. */
  readonly sequenceHeader: Av1ObuView | undefined;
}

/**
 * Makes the RTP packets of one temporal unit (RTP Payload Format For AV1, 4 and 5), and returns how
 * many: none if nothing of it is worth sending.
 *
 * OBUs go one after the other, without their sizes, cut wherever a packet is full, and never between
 * two of them; packets are of about equal size. Delimiters, tile lists and padding are left out.
 *
 * All packets are views of one buffer of their own; nothing borrows from `unit`.
 *
 * @throws {RtpError} if `maxPayloadSize` is out of bounds.
 *
 * @example
 * ```ts
 * import { packetizeAv1 } from "./av1_packetizer.ts";
 * import { PacketRing } from "./packet_ring.ts";
 *
 * const ring = new PacketRing();
 * const bytes = Uint8Array.of(0x30, ...new Uint8Array(3000));
 * const frame = { type: 6, hasExtension: false, bytes, payload: bytes.subarray(1) };
 * const unit = { obus: [frame], isKeyFrame: false, timestamp: 0, timeMs: 0 };
 * packetizeAv1(unit, { sequenceHeader: undefined, ssrc: 1 }, ring); // 3
 * ```
 */
export function packetizeAv1(unit: Av1TemporalUnit, format: Av1RtpFormat, out: PacketSink): number {
  const maxPayloadSize = maxPayloadSizeOf(format, "AV1");
  const elements = elementsToSend(unit, format);
  if (elements.length === 0) return 0;
  let limit = maxPayloadSize;
  let planned = plan(elements, limit);
  if (planned.packetCount > 1) {
    // Above the mean: where elements meet, packets cannot always be filled to the last byte.
    const slack = elements.length - 1;
    const evenLimit = Math.ceil(planned.payloadSize / planned.packetCount) + slack;
    const even = evenLimit < limit ? plan(elements, evenLimit) : planned;
    if (even.packetCount === planned.packetCount) {
      planned = even;
      limit = Math.min(evenLimit, limit);
    }
  }
  const { timestamp, timeMs, isKeyFrame } = unit;
  const carved: CarvedAccessUnit = { timestamp, timeMs, isKeyFrame, ssrc: format.ssrc };
  const carver = new PacketCarver(out, carved, planned.packetCount, planned.carvedSize);
  const cutter = new Av1PayloadCutter(elements);
  let flags = isKeyFrame ? SEQUENCE_START : 0;
  while (cutter.next(limit)) {
    cutter.write(carver.buffer, carver.payloadOffset, flags);
    carver.finish(cutter.payloadSize);
    flags = 0;
  }
  return planned.packetCount;
}

/** The OBUs worth sending, with the sequence header that a key frame needs and does not carry. */
function elementsToSend(unit: Av1TemporalUnit, format: Av1RtpFormat): readonly Av1ObuView[] {
  const elements: Av1ObuView[] = [];
  let hasSequenceHeader = false;
  for (const obu of unit.obus) {
    if (DROPPED_TYPES.has(obu.type)) continue;
    hasSequenceHeader ||= obu.type === AV1_OBU.SEQUENCE_HEADER;
    elements.push(obu);
  }
  const { sequenceHeader } = format;
  const needsOne = unit.isKeyFrame && !hasSequenceHeader && elements.length > 0;
  if (needsOne && sequenceHeader !== undefined) elements.unshift(sequenceHeader);
  return elements;
}

/** How many packets there will be, their payloads, and how large a buffer holds them. */
function plan(elements: readonly Av1ObuView[], limit: number) {
  const cutter = new Av1PayloadCutter(elements);
  let packetCount = 0;
  let payloadSize = 0;
  let size = 0;
  while (cutter.next(limit)) {
    packetCount++;
    payloadSize += cutter.payloadSize;
    size += carvedSize(cutter.payloadSize);
  }
  return { packetCount, payloadSize, carvedSize: size };
}
