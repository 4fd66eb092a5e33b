import { ByteReader } from "../bytes/byte_reader.ts";
import { RtpError } from "./rtp_error.ts";

/** Formats of payload-specific feedback (RFC 4585 6.3, RFC 5104 4.3). */
const FORMAT_PICTURE_LOSS = 1;
const FORMAT_FULL_INTRA_REQUEST = 4;
const FORMAT_APPLICATION_LAYER = 15;

/** "REMB", in front of the only application layer feedback that browsers send. */
const REMB_NAME = 0x52454d42;

/** Bytes of a NACK's entry: a sequence number, and a mask of the 16 that follow it. */
const NACK_ENTRY_SIZE = 4;

/** Sequence numbers taken from one NACK: as many as a ring of usual size holds packets. */
export const MAX_NACKED_SEQUENCES = 2048;

/** What all feedback begins with. */
interface Feedback {
  readonly senderSsrc: number;
  /** Of the source it is about. */
  readonly mediaSsrc: number;
}

/** Generic NACK (RFC 4585 6.2.1): packets that are missing; see {@linkcode nackedSequences}. */
export interface Nack extends Feedback {
  readonly kind: "nack";
  /** Entries of four bytes. Borrows from the datagram. */
  readonly entries: Uint8Array;
}

/** PLI (RFC 4585 6.3.1): the decoder needs a key frame. */
export interface PictureLossIndication extends Feedback {
  readonly kind: "pictureLossIndication";
}

/** FIR (RFC 5104 4.3.1): these sources are asked for a key frame; `mediaSsrc` is 0. */
export interface FullIntraRequest extends Feedback {
  readonly kind: "fullIntraRequest";
  /** A repeated request has the number of the one before. */
  readonly requests: readonly { readonly ssrc: number; readonly commandSequence: number }[];
}

/** Receiver Estimated Maximum Bitrate (draft-alvestrand-rmcat-remb-03). */
export interface Remb extends Feedback {
  readonly kind: "remb";
  /** Of all the sources together. */
  readonly bitrateBps: number;
  readonly ssrcs: readonly number[];
}

/**
 * Reads the body of a generic NACK.
 *
 * @throws {RtpError} if it is cut short.
 */
export function readNack(reader: ByteReader): Nack {
  const senderSsrc = reader.u32();
  const mediaSsrc = reader.u32();
  return { kind: "nack", senderSsrc, mediaSsrc, entries: reader.rest() };
}

/**
 * The sequence numbers, of 16 bits, that a NACK asks for, in its order; those beyond `limit` are
 * passed over. A peer may name one as often as it likes: bound what is sent again per packet too.
 */
export function* nackedSequences(nack: Nack, limit = MAX_NACKED_SEQUENCES): Generator<number> {
  const reader = new ByteReader(nack.entries, RtpError);
  let left = limit;
  while (reader.remaining >= NACK_ENTRY_SIZE) {
    const first = reader.u16();
    let mask = reader.u16();
    if (left-- <= 0) return;
    yield first;
    for (let distance = 1; mask !== 0; distance++, mask >>= 1) {
      if ((mask & 1) === 0) continue;
      if (left-- <= 0) return;
      yield (first + distance) & 0xffff;
    }
  }
}

/**
 * Reads the body of payload-specific feedback; `undefined` if it is of a format that this room does
 * not know.
 *
 * @param reader at the start of the body
 * @throws {RtpError} if it is cut short.
 */
export function parsePayloadFeedback(
  format: number,
  reader: ByteReader,
): PictureLossIndication | FullIntraRequest | Remb | undefined {
  const senderSsrc = reader.u32();
  const mediaSsrc = reader.u32();
  switch (format) {
    case FORMAT_PICTURE_LOSS:
      return { kind: "pictureLossIndication", senderSsrc, mediaSsrc };
    case FORMAT_FULL_INTRA_REQUEST:
      return {
        kind: "fullIntraRequest",
        senderSsrc,
        mediaSsrc,
        requests: readIntraRequests(reader),
      };
    case FORMAT_APPLICATION_LAYER:
      if (reader.remaining < 4 || reader.u32() !== REMB_NAME) return undefined;
      return readRemb(reader, senderSsrc, mediaSsrc);
    default:
      return undefined;
  }
}

function readIntraRequests(reader: ByteReader): FullIntraRequest["requests"] {
  const requests = [];
  while (reader.remaining > 0) {
    const ssrc = reader.u32();
    const commandSequence = reader.u8();
    reader.skip(3);
    requests.push({ ssrc, commandSequence });
  }
  return requests;
}

function readRemb(reader: ByteReader, senderSsrc: number, mediaSsrc: number): Remb {
  const count = reader.u8();
  const exponentAndMantissa = reader.u24();
  // 6 bits of exponent, 18 of mantissa: far beyond 32 bits in all.
  const bitrateBps = (exponentAndMantissa & 0x3ffff) * 2 ** (exponentAndMantissa >> 18);
  const ssrcs: number[] = [];
  for (let left = count; left > 0; left--) ssrcs.push(reader.u32());
  return { kind: "remb", senderSsrc, mediaSsrc, bitrateBps, ssrcs };
}
