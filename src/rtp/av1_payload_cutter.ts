import type { Av1Obu } from "../codec/av1/obu.ts";

/** The flag in an OBU's header that its size follows. */
const HAS_SIZE = 0b10;

/** Bits of the aggregation header (AV1 RTP 4.4). */
const CONTINUES = 0x80;
const TO_BE_CONTINUED = 0x40;
const COUNT_SHIFT = 4;

/** Beyond so many elements, their number is not told, and the last has a length, too. */
const MAX_COUNTED_ELEMENTS = 3;

const AGGREGATION_HEADER_SIZE = 1;

/** An element is begun in a packet only if it ends there, or so many bytes of it fit. */
const MIN_FRAGMENT_SIZE = 16;

/** What needs to be known of an OBU: see `splitObus`. */
export type Av1ObuView = Pick<Av1Obu, "type" | "hasExtension" | "bytes" | "payload">;

/**
 * Cuts a row of OBUs into payloads (RTP Payload Format For AV1, 4.3 to 4.5): they go one after the
 * other without their sizes, as elements, and where a payload is full, one is cut. It borrows them.
 */
export class Av1PayloadCutter {
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
