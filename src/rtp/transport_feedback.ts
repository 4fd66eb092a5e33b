import type { ByteReader } from "../bytes/byte_reader.ts";
import { RtpError } from "./rtp_error.ts";

/** Packets that one feedback may tell about: seconds, where browsers send it every 50 to 250 ms. */
export const MAX_TRANSPORT_STATUSES = 4096;

/** Milliseconds of one step of the reference time (3.1). */
const REFERENCE_TIME_STEP_MS = 64;

/** In place of an arrival: the packet was not received. */
export const NOT_RECEIVED = -0x8000_0000;

/** Packet status symbols (3.1.1). */
const SYMBOL_NOT_RECEIVED = 0;
const SYMBOL_SMALL_DELTA = 1;
const SYMBOL_LARGE_DELTA = 2;

/** Statuses in the vector chunks: 14 of one bit or 7 of two (3.1.4). */
const ONE_BIT_STATUSES = 14;
const TWO_BIT_STATUSES = 7;

const VECTOR_FLAG = 0x8000;
const TWO_BIT_FLAG = 0x4000;

/** Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01). */
export interface TransportFeedback {
  readonly kind: "transportFeedback";
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
  /** Transport-wide sequence number of the first packet, 16 bits. */
  readonly baseSequence: number;
  /** Counts the feedback packets, 8 bits. */
  readonly feedbackCount: number;
  /** On the receiver's clock, whose start is arbitrary; negative in half of its range. */
  readonly referenceTimeMs: number;
  /**
   * For each packet from `baseSequence` on, when it came: in steps of
   * 250 µs after the reference time, or {@linkcode NOT_RECEIVED}.
   */
  readonly arrivals: Int32Array;
  /** How many of them were received. */
  readonly receivedCount: number;
}

/**
 * Reads the body of transport-wide feedback.
 *
 * @throws {RtpError} if it is cut short, tells about more packets than
 * {@linkcode MAX_TRANSPORT_STATUSES}, or has a reserved status.
 */
export function readTransportFeedback(reader: ByteReader): TransportFeedback {
  const senderSsrc = reader.u32();
  const mediaSsrc = reader.u32();
  const baseSequence = reader.u16();
  const statusCount = reader.u16();
  const referenceTimeMs = reader.i24() * REFERENCE_TIME_STEP_MS;
  const feedbackCount = reader.u8();
  if (statusCount > MAX_TRANSPORT_STATUSES) {
    throw new RtpError(
      `Cannot parse transport feedback: must be up to ${MAX_TRANSPORT_STATUSES} packets, got ${statusCount}`,
    );
  }
  const arrivals = new Int32Array(statusCount);
  for (let at = 0; at < statusCount;) at = readChunk(reader, arrivals, at);
  const receivedCount = replaceByArrivals(reader, arrivals);
  return {
    kind: "transportFeedback",
    senderSsrc,
    mediaSsrc,
    baseSequence,
    feedbackCount,
    referenceTimeMs,
    arrivals,
    receivedCount,
  };
}

/** Puts the symbols of one chunk at `start` and returns where the next begins. */
function readChunk(reader: ByteReader, symbols: Int32Array, start: number): number {
  const chunk = reader.u16();
  if ((chunk & VECTOR_FLAG) === 0) {
    const end = Math.min(start + (chunk & 0x1fff), symbols.length);
    // Nothing would stop a run of none from being repeated, but for the length of the packet.
    if (end === start) throw new RtpError("Cannot parse transport feedback: run must not be empty");
    symbols.fill(chunk >> 13, start, end);
    return end;
  }
  const isTwoBit = (chunk & TWO_BIT_FLAG) !== 0;
  const count = isTwoBit ? TWO_BIT_STATUSES : ONE_BIT_STATUSES;
  const width = isTwoBit ? 2 : 1;
  const end = Math.min(start + count, symbols.length);
  for (let at = start; at < end; at++) {
    const shift = (count - 1 - (at - start)) * width;
    symbols[at] = (chunk >> shift) & ((1 << width) - 1);
  }
  return end;
}

/** Turns symbols into arrivals by the deltas behind the chunks; returns how many were received. */
function replaceByArrivals(reader: ByteReader, symbols: Int32Array): number {
  let ticks = 0;
  let receivedCount = 0;
  for (let at = 0; at < symbols.length; at++) {
    const symbol = symbols[at]!;
    if (symbol === SYMBOL_NOT_RECEIVED) {
      symbols[at] = NOT_RECEIVED;
      continue;
    }
    if (symbol !== SYMBOL_SMALL_DELTA && symbol !== SYMBOL_LARGE_DELTA) {
      throw new RtpError(`Cannot parse transport feedback: status must be 0..2, got ${symbol}`);
    }
    ticks += symbol === SYMBOL_SMALL_DELTA ? reader.u8() : reader.i16();
    symbols[at] = ticks;
    receivedCount++;
  }
  return receivedCount;
}
