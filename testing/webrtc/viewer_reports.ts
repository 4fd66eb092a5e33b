/** What viewers tell by RTCP, written by the letter of the RFCs, not by the code under test. */
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import type { ReportBlock } from "../../src/rtp/rtcp_report.ts";

const REPORTER_SSRC = 1;
const RECEIVER_REPORT = 201;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;

const MAX_MANTISSA = 0x3ffff;

/** A generic NACK (RFC 4585 6.2.1), an entry for each sequence number. */
export function writeNack(
  mediaSsrc: number,
  sequences: readonly number[],
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(64).u8(0x81).u8(TRANSPORT_FEEDBACK).u16(2 + sequences.length)
    .u32(REPORTER_SSRC).u32(mediaSsrc);
  for (const sequence of sequences) writer.u16(sequence & 0xffff).u16(0);
  return writer.take();
}

/** A PLI (RFC 4585 6.3.1). */
export function writePictureLoss(mediaSsrc: number): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u8(0x81).u8(PAYLOAD_FEEDBACK).u16(2).u32(REPORTER_SSRC).u32(mediaSsrc)
    .take();
}

/** A FIR (RFC 5104 4.3.1.1), whose source is named in its entry only. */
export function writeFullIntraRequest(
  mediaSsrc: number,
  commandSequence: number,
): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u8(0x84).u8(PAYLOAD_FEEDBACK).u16(4).u32(REPORTER_SSRC).u32(0)
    .u32(mediaSsrc).u8(commandSequence).u24(0).take();
}

/** A receiver report (RFC 3550 6.4.2). */
export function writeReceiverReport(blocks: readonly ReportBlock[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(0x80 | blocks.length).u8(RECEIVER_REPORT)
    .u16(1 + 6 * blocks.length).u32(REPORTER_SSRC);
  for (const block of blocks) {
    writer.u32(block.ssrc)
      .u8(Math.floor(block.lossFraction * 256))
      .u24(block.cumulativeLost & 0xffffff)
      .u32(block.extendedHighestSequence)
      .u32(block.jitter)
      .u32(block.lastSenderReport)
      .u32(block.delaySinceLastSenderReport);
  }
  return writer.take();
}

/** A REMB (draft-alvestrand-rmcat-remb-03 2.2), rounded down to 18 bits of mantissa. */
export function writeRemb(bitrateBps: number, ssrcs: readonly number[]): Uint8Array<ArrayBuffer> {
  let exponent = 0;
  while (bitrateBps / 2 ** exponent > MAX_MANTISSA) exponent++;
  const mantissa = Math.floor(bitrateBps / 2 ** exponent);
  const writer = new ByteWriter().u8(0x8f).u8(PAYLOAD_FEEDBACK).u16(4 + ssrcs.length)
    .u32(REPORTER_SSRC).u32(0).utf8("REMB").u8(ssrcs.length).u24(exponent * 2 ** 18 + mantissa);
  for (const ssrc of ssrcs) writer.u32(ssrc);
  return writer.take();
}
