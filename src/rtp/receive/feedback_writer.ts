import type { ByteWriter } from "../../bytes/byte_writer.ts";
import { RTCP_TYPE } from "../rtcp.ts";
import type { ReportBlock } from "../rtcp_report.ts";

/** Version 2; the low five bits are a count or a format. */
const FIRST_BYTE = 0x80;

/** Formats of feedback (RFC 4585 6.2 and 6.3, draft-alvestrand-rmcat-remb). */
const FORMAT_NACK = 1;
const FORMAT_PICTURE_LOSS = 1;
const FORMAT_APPLICATION_LAYER = 15;

/** "REMB" */
const REMB_NAME = 0x52454d42;
const REMB_MANTISSA_BITS = 18;
const MAX_REMB_EXPONENT = 63;

/** Sources that one report can be about: their count has five bits. */
export const MAX_REPORT_BLOCKS = 31;

/** An entry tells of a packet and of the 16 behind it. */
const NACK_MASK_BITS = 16;

/** Loss is told in parts of this. */
const LOSS_PARTS = 256;

/**
 * Adds an RR (RFC 3550 6.4.2).
 *
 * @param blocks up to {@linkcode MAX_REPORT_BLOCKS}; more are left out
 */
export function writeReceiverReport(
  writer: ByteWriter,
  ssrc: number,
  blocks: readonly ReportBlock[],
): void {
  const told = blocks.slice(0, MAX_REPORT_BLOCKS);
  writer.u8(FIRST_BYTE | told.length).u8(RTCP_TYPE.RECEIVER_REPORT).u16(1 + 6 * told.length)
    .u32(ssrc);
  for (const block of told) {
    writer.u32(block.ssrc).u8(block.lossFraction * LOSS_PARTS).u24(block.cumulativeLost)
      .u32(block.extendedHighestSequence).u32(block.jitter)
      .u32(block.lastSenderReport).u32(block.delaySinceLastSenderReport);
  }
}

/**
 * Adds a generic NACK (RFC 4585 6.2.1).
 *
 * @param numbers of the packets to be sent again, growing; of more than 16 bits, the low ones count
 */
export function writeNack(
  writer: ByteWriter,
  senderSsrc: number,
  mediaSsrc: number,
  numbers: readonly number[],
): void {
  const begin = writer.length;
  writer.u8(FIRST_BYTE | FORMAT_NACK).u8(RTCP_TYPE.TRANSPORT_FEEDBACK).u16(0)
    .u32(senderSsrc).u32(mediaSsrc);
  for (let at = 0; at < numbers.length;) {
    const first = numbers[at++]!;
    let mask = 0;
    for (; at < numbers.length && numbers[at]! - first <= NACK_MASK_BITS; at++) {
      mask |= 1 << (numbers[at]! - first - 1);
    }
    writer.u16(first & 0xffff).u16(mask);
  }
  writer.patchU16(begin + 2, (writer.length - begin) / 4 - 1);
}

/** Adds a PLI (RFC 4585 6.3.1), which asks for a key frame. */
export function writePictureLoss(
  writer: ByteWriter,
  senderSsrc: number,
  mediaSsrc: number,
): void {
  writer.u8(FIRST_BYTE | FORMAT_PICTURE_LOSS).u8(RTCP_TYPE.PAYLOAD_FEEDBACK).u16(2)
    .u32(senderSsrc).u32(mediaSsrc);
}

/**
 * Adds a REMB (draft-alvestrand-rmcat-remb-03): all the sources together may have this bitrate, which
 * is told as far as 18 bits of it go.
 */
export function writeRemb(
  writer: ByteWriter,
  senderSsrc: number,
  bitrateBps: number,
  ssrcs: readonly number[],
): void {
  let exponent = 0;
  let mantissa = Math.floor(bitrateBps);
  while (mantissa >= 2 ** REMB_MANTISSA_BITS && exponent < MAX_REMB_EXPONENT) {
    mantissa = Math.floor(mantissa / 2);
    exponent++;
  }
  writer.u8(FIRST_BYTE | FORMAT_APPLICATION_LAYER).u8(RTCP_TYPE.PAYLOAD_FEEDBACK)
    .u16(4 + ssrcs.length).u32(senderSsrc).u32(0).u32(REMB_NAME)
    .u8(ssrcs.length).u24(exponent << REMB_MANTISSA_BITS | mantissa);
  for (const ssrc of ssrcs) writer.u32(ssrc);
}
