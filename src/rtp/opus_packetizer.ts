import { RTP_HEADER_SIZE, writeRtpHeader } from "./packet.ts";
import { type AccessUnitTiming, PacketFlag, type PacketSink } from "./packet_sink.ts";
import { RtpError } from "./rtp_error.ts";

/** RTP clock of Opus, whatever its bandwidth (RFC 7587 4.1). */
export const OPUS_CLOCK_RATE_HZ = 48_000;

/**
 * Bytes an Opus packet may have: a frame of the highest bitrate (1275) behind its TOC byte. A
 * datagram of 1298 bytes is more than video's, and still passes wherever Ethernet does.
 */
export const MAX_OPUS_PACKET_SIZE = 1276;

/** An Opus packet as it is: TOC byte and frames (RFC 6716 3). */
export interface OpusAccessUnit extends AccessUnitTiming {
  /** Borrowed for the call. */
  readonly data: Uint8Array;
}

/**
 * Makes the RTP packet of one Opus packet (RFC 7587 4.2), and returns 1. The packet has a
 * buffer of its own. No packet counts as a key frame: sound can begin anywhere.
 *
 * The marker stays unset: it begins a talk spurt after silence that was not sent (RFC 7587 4.2), and
 * silence is sent here.
 *
 * @throws {RtpError} if the packet is empty or larger than {@linkcode MAX_OPUS_PACKET_SIZE}.
 */
export function packetizeOpus(
  { data, timestamp, timeMs }: OpusAccessUnit,
  { ssrc }: { readonly ssrc: number },
  out: PacketSink,
): number {
  if (data.length === 0 || data.length > MAX_OPUS_PACKET_SIZE) {
    throw new RtpError(
      `Cannot packetize Opus: packet must be 1..${MAX_OPUS_PACKET_SIZE} bytes, got ${data.length}`,
    );
  }
  const packet = new Uint8Array(RTP_HEADER_SIZE + data.length);
  writeRtpHeader(packet, 0, 0, out.head, timestamp, ssrc);
  packet.set(data, RTP_HEADER_SIZE);
  out.append(packet, timeMs, PacketFlag.accessUnitStart);
  return 1;
}
