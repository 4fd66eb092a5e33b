import { ByteReader } from "../bytes/byte_reader.ts";
import {
  type FullIntraRequest,
  type Nack,
  parsePayloadFeedback,
  type PictureLossIndication,
  readNack,
  type Remb,
} from "./rtcp_feedback.ts";
import {
  readReceiverReport,
  readSenderReport,
  type ReceiverReport,
  type SenderReport,
} from "./rtcp_report.ts";
import { RtpError } from "./rtp_error.ts";
import {
  MAX_TRANSPORT_STATUSES,
  readTransportFeedback,
  type TransportFeedback,
} from "./transport_feedback.ts";

/** Packet types (RFC 3550 12.1, RFC 4585 6.1). */
export const RTCP_TYPE = {
  SENDER_REPORT: 200,
  RECEIVER_REPORT: 201,
  SOURCE_DESCRIPTION: 202,
  BYE: 203,
  APPLICATION: 204,
  TRANSPORT_FEEDBACK: 205,
  PAYLOAD_FEEDBACK: 206,
} as const;

/** Formats of transport layer feedback (RFC 4585 6.2, draft-holmer-rmcat-transport-wide-cc 3.1). */
const FORMAT_NACK = 1;
const FORMAT_TRANSPORT_WIDE = 15;

const PADDING_FLAG = 0x20;

/** Packets of one datagram; browsers send up to five together. */
export const MAX_RTCP_PACKETS = 64;

/** What becomes of transport-wide feedback: without an agreement it is not even read. */
export type TransportFeedbackUse = "read" | "pass";

/** One packet of a compound. Views in it borrow from the datagram. */
export type RtcpPacket =
  | SenderReport
  | ReceiverReport
  | SourceDescription
  | Bye
  | Nack
  | PictureLossIndication
  | FullIntraRequest
  | Remb
  | TransportFeedback
  | UnknownRtcpPacket;

/** SDES; what it says is of no use to a sender, and is not read. */
export interface SourceDescription {
  readonly kind: "sourceDescription";
}

/** BYE (RFC 3550 6.6): these sources end. */
export interface Bye {
  readonly kind: "bye";
  readonly ssrcs: readonly number[];
}

/** Any other type, or feedback of another format, such as XR, APP, slice loss. */
export interface UnknownRtcpPacket {
  readonly kind: "unknown";
  readonly packetType: number;
  /** The five bits that are a count in some types, a format or subtype in others. */
  readonly format: number;
  /** Behind the header, without padding. */
  readonly body: Uint8Array;
}

/**
 * Parses a datagram of RTCP packets, compound (RFC 3550 6.1) or of reduced size (RFC 5506). Each is
 * read within its own length, so none can take bytes of the next.
 *
 * Transport-wide feedback that nobody agreed on is passed over; all that is read of it in a datagram
 * tells about {@linkcode MAX_TRANSPORT_STATUSES} packets at most.
 *
 * Which sources it is about, and whether the peer may speak of them, is for the caller to check.
 *
 * @throws {RtpError} if the packets do not fill the datagram exactly, one is too short for what it
 * says it holds, or there are more than {@linkcode MAX_RTCP_PACKETS}.
 *
 * @example
 * ```ts
 * import { parseRtcp } from "./rtcp.ts";
 *
 * const pictureLoss = Uint8Array.of(0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9);
 * parseRtcp(pictureLoss); // [{ kind: "pictureLossIndication", senderSsrc: 1, mediaSsrc: 9 }]
 * ```
 */
export function parseRtcp(
  datagram: Uint8Array,
  { transportFeedback = "read" }: { readonly transportFeedback?: TransportFeedbackUse } = {},
): readonly RtcpPacket[] {
  const reader = new ByteReader(datagram, RtpError);
  const packets: RtcpPacket[] = [];
  let statusCount = 0;
  do {
    if (packets.length === MAX_RTCP_PACKETS) {
      throw new RtpError(`Cannot parse RTCP: must be up to ${MAX_RTCP_PACKETS} packets, got more`);
    }
    const packet = readPacket(reader, transportFeedback);
    packets.push(packet);
    if (packet.kind !== "transportFeedback") continue;
    statusCount += packet.statusCount;
    if (statusCount > MAX_TRANSPORT_STATUSES) {
      throw new RtpError(
        `Cannot parse RTCP: feedback must be about up to ${MAX_TRANSPORT_STATUSES} packets, ` +
          `got ${statusCount}`,
      );
    }
  } while (reader.remaining > 0);
  return packets;
}

function readPacket(reader: ByteReader, transportFeedback: TransportFeedbackUse): RtcpPacket {
  const first = reader.u8();
  if (first >> 6 !== 2) {
    throw new RtpError(`Cannot parse RTCP packet: version must be 2, got ${first >> 6}`);
  }
  const packetType = reader.u8();
  // The length counts words of the whole packet, less one.
  let body = reader.bytes(reader.u16() * 4);
  if ((first & PADDING_FLAG) !== 0) body = withoutPadding(body);
  const format = first & 0b1_1111;
  const isPassedOver = transportFeedback === "pass" &&
    packetType === RTCP_TYPE.TRANSPORT_FEEDBACK && format === FORMAT_TRANSPORT_WIDE;
  if (isPassedOver) return { kind: "unknown", packetType, format, body };
  return parseBody(packetType, format, body);
}

function parseBody(packetType: number, format: number, body: Uint8Array): RtcpPacket {
  const reader = new ByteReader(body, RtpError);
  switch (packetType) {
    case RTCP_TYPE.SENDER_REPORT:
      return readSenderReport(reader, format);
    case RTCP_TYPE.RECEIVER_REPORT:
      return readReceiverReport(reader, format);
    case RTCP_TYPE.SOURCE_DESCRIPTION:
      return { kind: "sourceDescription" };
    case RTCP_TYPE.BYE:
      return readBye(reader, format);
    case RTCP_TYPE.TRANSPORT_FEEDBACK:
      if (format === FORMAT_NACK) return readNack(reader);
      if (format === FORMAT_TRANSPORT_WIDE) return readTransportFeedback(reader);
      break;
    case RTCP_TYPE.PAYLOAD_FEEDBACK: {
      const feedback = parsePayloadFeedback(format, reader);
      if (feedback !== undefined) return feedback;
    }
  }
  return { kind: "unknown", packetType, format, body };
}

function readBye(reader: ByteReader, count: number): Bye {
  const ssrcs: number[] = [];
  for (let left = count; left > 0; left--) ssrcs.push(reader.u32());
  return { kind: "bye", ssrcs };
}

/**
 * The last byte of a padded packet counts the bytes of padding. RFC 3550 6.4.1 wants whole words;
 * Chromium fills transport-wide feedback up to one with 1 to 3 bytes.
 */
function withoutPadding(body: Uint8Array): Uint8Array {
  const padding = body[body.length - 1] ?? 0;
  if (padding === 0 || padding > body.length) {
    throw new RtpError(
      `Cannot parse RTCP packet: padding must be 1..${body.length}, got ${padding}`,
    );
  }
  return body.subarray(0, body.length - padding);
}
