import type { ByteReader } from "../bytes/byte_reader.ts";

/** What a receiver tells about one source (RFC 3550 6.4.1). */
export interface ReportBlock {
  /** Of the sender that is reported on. */
  readonly ssrc: number;
  /** Packets lost since the previous report, 0 to 255/256. */
  readonly lossFraction: number;
  /** Packets lost since the beginning; negative if more came twice than were lost. */
  readonly cumulativeLost: number;
  /** Highest sequence number received, above it the count of wraps, 32 bits. */
  readonly extendedHighestSequence: number;
  /** In ticks of the payload's clock. */
  readonly jitter: number;
  /** NTP time of the last sender report received, as `compactNtp` gives it; 0 if none. */
  readonly lastSenderReport: number;
  /** Since that report, in 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

/** RR (RFC 3550 6.4.2). */
export interface ReceiverReport {
  readonly kind: "receiverReport";
  readonly ssrc: number;
  readonly blocks: readonly ReportBlock[];
}

/** SR (RFC 3550 6.4.1): it says which RTP timestamp belongs to which wall clock time. */
export interface SenderReport {
  readonly kind: "senderReport";
  readonly ssrc: number;
  /** Since 1900. */
  readonly ntpSeconds: number;
  /** In 2^-32 s. */
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  readonly octetCount: number;
  readonly blocks: readonly ReportBlock[];
}

/**
 * Reads the body of an SR with `count` report blocks.
 *
 * @throws the reader's error if it is cut short.
 */
export function readSenderReport(reader: ByteReader, count: number): SenderReport {
  return {
    kind: "senderReport",
    ssrc: reader.u32(),
    ntpSeconds: reader.u32(),
    ntpFraction: reader.u32(),
    rtpTimestamp: reader.u32(),
    packetCount: reader.u32(),
    octetCount: reader.u32(),
    blocks: readBlocks(reader, count),
  };
}

/**
 * Reads the body of an RR with `count` report blocks.
 *
 * @throws the reader's error if it is cut short.
 */
export function readReceiverReport(reader: ByteReader, count: number): ReceiverReport {
  return { kind: "receiverReport", ssrc: reader.u32(), blocks: readBlocks(reader, count) };
}

function readBlocks(reader: ByteReader, count: number): ReportBlock[] {
  const blocks: ReportBlock[] = [];
  for (let left = count; left > 0; left--) {
    blocks.push({
      ssrc: reader.u32(),
      lossFraction: reader.u8() / 256,
      cumulativeLost: reader.i24(),
      extendedHighestSequence: reader.u32(),
      jitter: reader.u32(),
      lastSenderReport: reader.u32(),
      delaySinceLastSenderReport: reader.u32(),
    });
  }
  return blocks;
}
