import { ByteWriter } from "../../bytes/byte_writer.ts";
import { RTCP_TYPE } from "../rtcp.ts";
import { extendSequence } from "../sequence.ts";

/** Version 2 and format 15 (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1). */
const FIRST_BYTE = 0x8f;
const PADDING_FLAG = 0x20;

/** Bytes in front of the chunks, and where the length is. */
const HEAD_SIZE = 20;

/** Packets that are known of: a second of 20 Mbit/s. A power of two. */
const MAX_KNOWN = 2048;

/** Packets that one feedback tells about: with two bytes each, a datagram has room for more. */
export const MAX_STATUSES_PER_FEEDBACK = 400;

const REFERENCE_STEP_MS = 64;
const TICKS_PER_MS = 4;

/** Two bits a status, seven in a chunk. */
const TWO_BIT_CHUNK = 0xc000;
const STATUSES_PER_CHUNK = 7;
const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;

const MAX_SMALL_DELTA = 0xff;
const MAX_LARGE_DELTA = 0x7fff;

/**
 * When the packets of a transport arrived, by their transport-wide sequence number, and the feedback
 * that tells their sender (draft-holmer-rmcat-transport-wide-cc-extensions-01).
 *
 * @example
 * ```ts
 * import { TransportArrivals } from "./transport_arrivals.ts";
 *
 * const arrivals = new TransportArrivals();
 * arrivals.note(7, 1000);
 * arrivals.nextFeedback(1, 2); // tells that packet 7 came
 * arrivals.nextFeedback(1, 2); // undefined
 * ```
 */
export class TransportArrivals {
  /** By the low bits of the number, which does not wrap, and may be less than 0; NaN for none. */
  readonly #numbers = new Float64Array(MAX_KNOWN).fill(NaN);
  readonly #arrivalsMs = new Float64Array(MAX_KNOWN);
  /** The first number that is to be told of, and behind the last. */
  #begin = 0;
  #end: number | undefined;
  #feedbackCount = 0;

  /** Whether there is something to tell. */
  get hasNews(): boolean {
    return this.#end !== undefined && this.#begin < this.#end;
  }

  /** Notes a packet; one that was told to be missing is told of once more. */
  note(sequence: number, nowMs: number): void {
    const number = this.#end === undefined ? sequence : extendSequence(sequence, this.#end - 1);
    if (this.#end === undefined || number - this.#end >= MAX_KNOWN) {
      this.#begin = this.#end = number;
    }
    if (number <= this.#end - MAX_KNOWN || this.#isKnown(number)) return;
    const slot = number & (MAX_KNOWN - 1);
    this.#numbers[slot] = number;
    this.#arrivalsMs[slot] = nowMs;
    this.#end = Math.max(this.#end, number + 1);
    this.#begin = Math.max(Math.min(this.#begin, number), this.#end - MAX_KNOWN);
  }

  /** The next feedback, a whole RTCP packet; `undefined` if all has been told. */
  nextFeedback(senderSsrc: number, mediaSsrc: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.#end === undefined) return undefined;
    // It begins with one that came: nothing is known of the time of others.
    while (this.#begin < this.#end && !this.#isKnown(this.#begin)) this.#begin++;
    if (this.#begin === this.#end) return undefined;
    const begin = this.#begin;
    const limit = Math.min(this.#end, begin + MAX_STATUSES_PER_FEEDBACK);
    const reference = Math.floor(this.#arrivalMs(begin) / REFERENCE_STEP_MS);
    const symbols: number[] = [];
    const deltas = new ByteWriter(2 * (limit - begin));
    let ticks = reference * REFERENCE_STEP_MS * TICKS_PER_MS;
    for (let number = begin; number < limit; number++) {
      if (!this.#isKnown(number)) {
        symbols.push(NOT_RECEIVED);
        continue;
      }
      const delta = Math.round(this.#arrivalMs(number) * TICKS_PER_MS) - ticks;
      // What is too far off for a delta is told of by itself.
      if (Math.abs(delta) > MAX_LARGE_DELTA) break;
      const isSmall = delta >= 0 && delta <= MAX_SMALL_DELTA;
      symbols.push(isSmall ? SMALL_DELTA : LARGE_DELTA);
      if (isSmall) deltas.u8(delta);
      else deltas.u16(delta & 0xffff);
      ticks += delta;
    }
    this.#begin = begin + symbols.length;
    return this.#assemble(
      new ByteWriter(HEAD_SIZE + 3 * symbols.length).u8(FIRST_BYTE)
        .u8(RTCP_TYPE.TRANSPORT_FEEDBACK).u16(0).u32(senderSsrc).u32(mediaSsrc)
        .u16(begin & 0xffff).u16(symbols.length).u24(reference & 0xff_ffff)
        .u8(this.#feedbackCount++ & 0xff),
      symbols,
      deltas.peek(),
    );
  }

  #assemble(
    writer: ByteWriter,
    symbols: readonly number[],
    deltas: Uint8Array,
  ): Uint8Array<ArrayBuffer> {
    for (let start = 0; start < symbols.length; start += STATUSES_PER_CHUNK) {
      let chunk = TWO_BIT_CHUNK;
      for (let at = 0; at < STATUSES_PER_CHUNK; at++) {
        const shift = 2 * (STATUSES_PER_CHUNK - 1 - at);
        chunk |= (symbols[start + at] ?? NOT_RECEIVED) << shift;
      }
      writer.u16(chunk);
    }
    writer.bytes(deltas);
    const padding = -writer.length & 3;
    for (let left = padding; left > 0; left--) writer.u8(left === 1 ? padding : 0);
    writer.patchU16(2, writer.length / 4 - 1);
    const feedback = writer.take();
    if (padding > 0) feedback[0] = FIRST_BYTE | PADDING_FLAG;
    return feedback;
  }

  #isKnown(number: number): boolean {
    return this.#numbers[number & (MAX_KNOWN - 1)] === number;
  }

  #arrivalMs(number: number): number {
    return this.#arrivalsMs[number & (MAX_KNOWN - 1)]!;
  }
}
