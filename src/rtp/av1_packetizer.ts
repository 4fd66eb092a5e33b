import { type CarvedAccessUnit, carvedSize, PacketCarver } from "./packet_carver.ts";
import type { AccessUnitTiming, PacketSink } from "./packet_sink.ts";
import { maxPayloadSizeOf, type PayloadFormat } from "./payload_size.ts";

/** Types of OBUs that are told apart here (AV1 6.2.2). */
const SEQUENCE_HEADER = 1;
const TEMPORAL_DELIMITER = 2;
const TILE_LIST = 8;
const PADDING = 15;

/** The flag in an OBU's header that its size follows. */
const HAS_SIZE = 0b10;

/** Bits of the aggregation header (AV1 RTP 4.4). */
const CONTINUES = 0x80;
const TO_BE_CONTINUED = 0x40;
const SEQUENCE_START = 0x08;
const COUNT_SHIFT = 4;

/** Beyond so many elements, their number is not told, and the last has a length, too. */
const MAX_COUNTED_ELEMENTS = 3;

const AGGREGATION_HEADER_SIZE = 1;

/** An element is begun in a packet only if it ends there, or so many bytes of it fit. */
const MIN_FRAGMENT_SIZE = 16;

/** An OBU, as a splitter of the low-overhead format finds it. */
export interface Av1ObuView {
  /** By its header: see AV1 6.2.2. */
  readonly type: number;
  readonly hasExtension: boolean;
  /** From its header on. */
  readonly bytes: Uint8Array;
  /** Behind header and size. */
  readonly payload: Uint8Array;
}

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
 * two of them; packets are of about equal size. Delimiters and tile lists, which must not be sent, and padding are left out.
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
  const cutter = new Cutter(elements);
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
    const { type } = obu;
    if (type === TEMPORAL_DELIMITER || type === TILE_LIST || type === PADDING) continue;
    hasSequenceHeader ||= type === SEQUENCE_HEADER;
    elements.push(obu);
  }
  const { sequenceHeader } = format;
  const needsOne = unit.isKeyFrame && !hasSequenceHeader && elements.length > 0;
  if (needsOne && sequenceHeader !== undefined) elements.unshift(sequenceHeader);
  return elements;
}

/** How many packets there will be, their payloads, and how large a buffer holds them. */
function plan(elements: readonly Av1ObuView[], limit: number) {
  const cutter = new Cutter(elements);
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

/** Cuts a row of elements into payloads, one after the other. */
class Cutter {
  readonly #elements: readonly Av1ObuView[];
  /** The payload at work: from a byte of one element up to, not including, a byte of another. */
  #first = 0;
  #firstOffset = 0;
  #end = 0;
  #endOffset = 0;
  #count = 0;
  #size = 0;

  constructor(elements: readonly Av1ObuView[]) {
    this.#elements = elements;
  }

  /** Bytes of the payload at work, its header included. */
  get payloadSize(): number {
    return this.#size;
  }

  /** Goes on to the next payload of up to `limit` bytes; `false` if there is none. */
  next(limit: number): boolean {
    const elements = this.#elements;
    this.#first = this.#end;
    this.#firstOffset = this.#endOffset;
    this.#count = 0;
    this.#size = AGGREGATION_HEADER_SIZE;
    while (this.#end < elements.length) {
      const rest = elementSize(elements[this.#end]!) - this.#endOffset;
      const room = limit - this.#size;
      const isLast = this.#end === elements.length - 1;
      // Others follow if there is room for a piece of them behind this one and its length.
      if (!isLast && room >= leb128Size(rest) + rest + this.#leastOfNext()) {
        this.#take(rest, leb128Size(rest));
        continue;
      }
      this.#takeLast(rest, room);
      break;
    }
    return this.#count > 0;
  }

  /** Writes the payload at work. */
  write(buffer: Uint8Array, at: number, flags: number): void {
    const isCounted = this.#count <= MAX_COUNTED_ELEMENTS;
    buffer[at] = flags | (this.#firstOffset > 0 ? CONTINUES : 0) |
      (this.#endOffset > 0 ? TO_BE_CONTINUED : 0) | (isCounted ? this.#count << COUNT_SHIFT : 0);
    let position = at + AGGREGATION_HEADER_SIZE;
    let element = this.#first;
    let begin = this.#firstOffset;
    for (let left = this.#count; left > 0; left--) {
      const obu = this.#elements[element]!;
      const end = element === this.#end ? this.#endOffset : elementSize(obu);
      if (left > 1 || !isCounted) position = writeLeb128(buffer, position, end - begin);
      copyElement(buffer, position, obu, begin, end);
      position += end - begin;
      begin = 0;
      element++;
    }
  }

  /** The bytes that an element behind the next one would at least take. */
  #leastOfNext(): number {
    const size = Math.min(elementSize(this.#elements[this.#end + 1]!), MIN_FRAGMENT_SIZE);
    return this.#count + 2 > MAX_COUNTED_ELEMENTS ? leb128Size(size) + size : size;
  }

  /**
   * Ends the payload by an element, or by the piece of it that fits. Within a temporal unit, the
   * last byte of an element goes with what follows: where a packet begins with a whole element,
   * libwebrtc takes it for the first of a frame, and the one before for the last.
   */
  #takeLast(rest: number, room: number): void {
    const isWhole = this.#end === this.#elements.length - 1 || rest === 1;
    const most = Math.min(isWhole ? rest : rest - 1, room);
    if (this.#count + 1 <= MAX_COUNTED_ELEMENTS) return this.#take(most, 0);
    const size = Math.min(most, room - leb128Size(most));
    this.#take(size, leb128Size(size));
  }

  #take(size: number, lengthSize: number): void {
    this.#count++;
    this.#size += lengthSize + size;
    this.#endOffset += size;
    if (this.#endOffset < elementSize(this.#elements[this.#end]!)) return;
    this.#end++;
    this.#endOffset = 0;
  }
}

/** An OBU without its size. */
function elementSize(obu: Av1ObuView): number {
  return headerSize(obu) + obu.payload.length;
}

function headerSize(obu: Av1ObuView): number {
  return obu.hasExtension ? 2 : 1;
}

/** Writes the bytes of an element from `begin` up to, not including, `end`. */
function copyElement(
  buffer: Uint8Array,
  at: number,
  obu: Av1ObuView,
  begin: number,
  end: number,
): void {
  const header = headerSize(obu);
  let position = at;
  if (begin === 0) buffer[position++] = obu.bytes[0]! & ~HAS_SIZE;
  if (header === 2 && begin < 2 && end > 1) buffer[position++] = obu.bytes[1]!;
  if (end > header) {
    buffer.set(obu.payload.subarray(Math.max(begin - header, 0), end - header), position);
  }
}

/** Bytes of a number in leb128 (AV1 4.10.5): 7 bits each. */
function leb128Size(value: number): number {
  return value < 0x80
    ? 1
    : value < 0x4000
    ? 2
    : value < 0x20_0000
    ? 3
    : value < 0x1000_0000
    ? 4
    : 5;
}

/** Where what follows goes. */
function writeLeb128(buffer: Uint8Array, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest >= 0x80) {
    buffer[position++] = rest & 0x7f | 0x80;
    rest = Math.floor(rest / 128);
  }
  buffer[position++] = rest;
  return position;
}
