import { ByteReader } from "../bytes/byte_reader.ts";
import { RtpError } from "./rtp_error.ts";

/** Packets that one feedback may tell about: seconds, where browsers send it every 50 to 250 ms. */
export const MAX_TRANSPORT_STATUSES = 4096;

/** Milliseconds of one step of the reference time (3.1). */
const REFERENCE_TIME_STEP_MS = 64;

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
  /** Packets from `baseSequence` on that it tells about. */
  readonly statusCount: number;
  /** Those that came, by their distance from `baseSequence`, growing; all others did not. */
  readonly received: Uint16Array;
  /** When each of them came, in steps of 250 µs after the reference time. */
  readonly arrivals: Int32Array;
}

/**
 * Reads the body of transport-wide feedback. What it takes is bounded by what is received: a run of
 * packets that were not costs nothing.
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
  const body = reader.rest();
  const deltas = new ByteReader(body, RtpError);
  for (let at = 0; at < statusCount;) at += chunkLength(deltas.u16());
  return {
    kind: "transportFeedback",
    senderSsrc,
    mediaSsrc,
    baseSequence,
    feedbackCount,
    referenceTimeMs,
    statusCount,
    ...readArrivals(new ByteReader(body, RtpError), deltas, statusCount),
  };
}

/** Statuses in a chunk; the last may have more than there are packets. */
function chunkLength(chunk: number): number {
  if ((chunk & VECTOR_FLAG) !== 0) {
    return (chunk & TWO_BIT_FLAG) !== 0 ? TWO_BIT_STATUSES : ONE_BIT_STATUSES;
  }
  const length = chunk & 0x1fff;
  // Nothing would stop a run of none from being repeated, but for the length of the packet.
  if (length === 0) throw new RtpError("Cannot parse transport feedback: run must not be empty");
  return length;
}

/** Which packets came, and when: by the chunks, and the deltas behind them. */
function readArrivals(chunks: ByteReader, deltas: ByteReader, statusCount: number) {
  // A delta has a byte at least.
  const room = Math.min(statusCount, deltas.remaining);
  const received = new Uint16Array(room);
  const arrivals = new Int32Array(room);
  let count = 0;
  let ticks = 0;
  for (let start = 0; start < statusCount;) {
    const chunk = chunks.u16();
    const end = Math.min(start + chunkLength(chunk), statusCount);
    const isRunOfLost = chunk >> 13 === SYMBOL_NOT_RECEIVED;
    for (let at = isRunOfLost ? end : start; at < end; at++) {
      const symbol = symbolOf(chunk, at - start);
      if (symbol === SYMBOL_NOT_RECEIVED) continue;
      ticks += readDelta(deltas, symbol);
      received[count] = at;
      arrivals[count++] = ticks;
    }
    start = end;
  }
  return { received: received.subarray(0, count), arrivals: arrivals.subarray(0, count) };
}

function symbolOf(chunk: number, index: number): number {
  if ((chunk & VECTOR_FLAG) === 0) return chunk >> 13;
  return (chunk & TWO_BIT_FLAG) !== 0
    ? chunk >> 2 * (TWO_BIT_STATUSES - 1 - index) & 3
    : chunk >> (ONE_BIT_STATUSES - 1 - index) & 1;
}

function readDelta(deltas: ByteReader, symbol: number): number {
  if (symbol === SYMBOL_SMALL_DELTA) return deltas.u8();
  if (symbol === SYMBOL_LARGE_DELTA) return deltas.i16();
  throw new RtpError(`Cannot parse transport feedback: status must be 0..2, got ${symbol}`);
}
