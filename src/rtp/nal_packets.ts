import { type CarvedAccessUnit, carvedSize, PacketCarver } from "./packet_carver.ts";
import type { PacketSink } from "./packet_sink.ts";

/** In front of each unit of an aggregate. */
const LENGTH_SIZE = 2;

/** Bits of a fragment's header: the same in RFC 6184 5.8 and RFC 7798 4.4.3. */
const FRAGMENT_START = 0x80;
const FRAGMENT_END = 0x40;

/** How a payload format wraps NAL units where they do not go as they are. */
export interface NalWrapping {
  /** Bytes of a NAL header, and so of the header of an aggregate, which has the form of one. */
  readonly headerSize: number;
  /** Writes the header of an aggregate of the units from `start` up to, not including, `end`. */
  writeAggregateHeader(
    buffer: Uint8Array,
    at: number,
    units: readonly Uint8Array[],
    start: number,
    end: number,
  ): void;
  /**
   * Writes what is in front of a fragment, one byte more than a NAL header, which it replaces.
   *
   * @param position {@linkcode FRAGMENT_START}, {@linkcode FRAGMENT_END} or 0
   */
  writeFragmentHeader(buffer: Uint8Array, at: number, unit: Uint8Array, position: number): void;
}

/**
 * Makes the packets of the NAL units of an access unit, and returns how many. Neighbours that fit one
 * packet together are aggregated, a unit that fits none is cut into fragments whose sizes differ by
 * one byte at most, and any other goes as it is.
 *
 * All packets are views of one buffer of their own; nothing borrows from `units`.
 *
 * @param units each with its whole NAL header
 */
export function packetizeNalUnits(
  units: readonly Uint8Array[],
  wrapping: NalWrapping,
  maxPayloadSize: number,
  carved: CarvedAccessUnit,
  out: PacketSink,
): number {
  if (units.length === 0) return 0;
  const { headerSize } = wrapping;
  const { packetCount, size } = plan(units, headerSize, maxPayloadSize);
  const carver = new PacketCarver(out, carved, packetCount, size);
  for (let start = 0; start < units.length;) {
    const end = aggregateEnd(units, start, headerSize, maxPayloadSize);
    if (end - start > 1) writeAggregate(carver, wrapping, units, start, end);
    else if (units[start]!.length > maxPayloadSize) {
      writeFragments(carver, wrapping, units[start]!, maxPayloadSize);
    } else writeSingle(carver, units[start]!);
    start = end;
  }
  return packetCount;
}

/** How many packets `units` make, and how large a buffer holds them. */
function plan(units: readonly Uint8Array[], headerSize: number, maxPayloadSize: number) {
  let packetCount = 0;
  let size = 0;
  for (let start = 0; start < units.length;) {
    const end = aggregateEnd(units, start, headerSize, maxPayloadSize);
    const unitSize = units[start]!.length;
    if (end - start > 1) {
      packetCount++;
      size += carvedSize(aggregateSize(units, start, end, headerSize));
    } else if (unitSize > maxPayloadSize) {
      const count = fragmentCount(unitSize, headerSize, maxPayloadSize);
      const smaller = Math.floor((unitSize - headerSize) / count);
      const larger = (unitSize - headerSize) % count;
      packetCount += count;
      size += larger * carvedSize(headerSize + 1 + smaller + 1) +
        (count - larger) * carvedSize(headerSize + 1 + smaller);
    } else {
      packetCount++;
      size += carvedSize(unitSize);
    }
    start = end;
  }
  return { packetCount, size };
}

/** Behind the last of the units from `start` on that fit one aggregate; at least one is taken. */
function aggregateEnd(
  units: readonly Uint8Array[],
  start: number,
  headerSize: number,
  maxPayloadSize: number,
): number {
  let size = headerSize;
  let end = start;
  while (end < units.length) {
    size += LENGTH_SIZE + units[end]!.length;
    if (size > maxPayloadSize) break;
    end++;
  }
  return Math.max(end, start + 1);
}

function aggregateSize(
  units: readonly Uint8Array[],
  start: number,
  end: number,
  headerSize: number,
): number {
  let size = headerSize;
  for (let at = start; at < end; at++) size += LENGTH_SIZE + units[at]!.length;
  return size;
}

/** At least 2, since a unit that is cut is larger than a payload. */
function fragmentCount(unitSize: number, headerSize: number, maxPayloadSize: number): number {
  return Math.ceil((unitSize - headerSize) / (maxPayloadSize - headerSize - 1));
}

function writeSingle(carver: PacketCarver, unit: Uint8Array): void {
  carver.buffer.set(unit, carver.payloadOffset);
  carver.finish(unit.length);
}

function writeAggregate(
  carver: PacketCarver,
  wrapping: NalWrapping,
  units: readonly Uint8Array[],
  start: number,
  end: number,
): void {
  const { buffer, payloadOffset } = carver;
  wrapping.writeAggregateHeader(buffer, payloadOffset, units, start, end);
  let at = payloadOffset + wrapping.headerSize;
  for (let index = start; index < end; index++) {
    const unit = units[index]!;
    buffer[at] = unit.length >> 8;
    buffer[at + 1] = unit.length;
    buffer.set(unit, at + LENGTH_SIZE);
    at += LENGTH_SIZE + unit.length;
  }
  carver.finish(at - payloadOffset);
}

function writeFragments(
  carver: PacketCarver,
  wrapping: NalWrapping,
  unit: Uint8Array,
  maxPayloadSize: number,
): void {
  const { buffer } = carver;
  const { headerSize } = wrapping;
  const count = fragmentCount(unit.length, headerSize, maxPayloadSize);
  const smaller = Math.floor((unit.length - headerSize) / count);
  const larger = (unit.length - headerSize) % count;
  let taken = headerSize;
  for (let index = 0; index < count; index++) {
    const size = index < larger ? smaller + 1 : smaller;
    const at = carver.payloadOffset;
    const position = index === 0 ? FRAGMENT_START : index === count - 1 ? FRAGMENT_END : 0;
    wrapping.writeFragmentHeader(buffer, at, unit, position);
    buffer.set(unit.subarray(taken, taken + size), at + headerSize + 1);
    carver.finish(headerSize + 1 + size);
    taken += size;
  }
}
