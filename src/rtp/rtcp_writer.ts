import type { ByteWriter } from "../bytes/byte_writer.ts";
import type { NtpTime } from "./ntp.ts";
import { RTCP_TYPE } from "./rtcp.ts";
import { RtpError } from "./rtp_error.ts";

/** Version 2, no padding; the low five bits are a count. */
const FIRST_BYTE = 0x80;

/** SDES item types (RFC 3550 12.2). */
const ITEM_CNAME = 1;

/** An SDES item has a length of 8 bits. */
const MAX_CNAME_SIZE = 255;

const utf8 = new TextEncoder();

/** What a sender report says; counts wrap at 32 bits. */
export interface SenderReportContent {
  readonly ssrc: number;
  /** The moment it is about: that of sending. */
  readonly ntp: NtpTime;
  /** RTP timestamp of the same moment. */
  readonly rtpTimestamp: number;
  /** Sent since the beginning. */
  readonly packetCount: number;
  /** Bytes of payload, without headers and padding, sent since the beginning. */
  readonly octetCount: number;
}

/**
 * Adds an SR without report blocks (RFC 3550 6.4.1), 28 bytes. A compound is made by adding one
 * packet after another: an SR, then {@linkcode writeCname}, as RFC 3550 6.1 wants it.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "../bytes/byte_writer.ts";
 * import { ntpTime } from "./ntp.ts";
 * import { writeCname, writeSenderReport } from "./rtcp_writer.ts";
 *
 * const writer = new ByteWriter();
 * const counts = { packetCount: 10, octetCount: 12_000 };
 * writeSenderReport(writer, { ssrc: 1, ntp: ntpTime(1_600_000_000_500), rtpTimestamp: 9, ...counts });
 * writeCname(writer, 1, "a1b2c3");
 * const compound = writer.take();
 * ```
 */
export function writeSenderReport(writer: ByteWriter, content: SenderReportContent): void {
  writer.u8(FIRST_BYTE).u8(RTCP_TYPE.SENDER_REPORT).u16(6)
    .u32(content.ssrc)
    .u32(content.ntp.seconds)
    .u32(content.ntp.fraction)
    .u32(content.rtpTimestamp)
    .u32(content.packetCount)
    .u32(content.octetCount);
}

/**
 * Adds an SDES with the CNAME of one source (RFC 3550 6.5.1): sources with the same name are played
 * in step.
 *
 * @throws {RtpError} if the name has more than 255 bytes of UTF-8; nothing is written then.
 */
export function writeCname(writer: ByteWriter, ssrc: number, cname: string): void {
  const text = utf8.encode(cname);
  if (text.length > MAX_CNAME_SIZE) {
    throw new RtpError(
      `Cannot write CNAME: must be up to ${MAX_CNAME_SIZE} bytes, got ${text.length}`,
    );
  }
  // One to four zeros end the list of items and fill the word.
  const zeros = 4 - ((2 + text.length) % 4);
  const words = 1 + (2 + text.length + zeros) / 4;
  writer.u8(FIRST_BYTE | 1).u8(RTCP_TYPE.SOURCE_DESCRIPTION).u16(words)
    .u32(ssrc).u8(ITEM_CNAME).u8(text.length).bytes(text);
  for (let left = zeros; left > 0; left--) writer.u8(0);
}
