import { copyRtpHeader, RTP_HEADER_SIZE } from "./packet.ts";
import { RtpError } from "./rtp_error.ts";

/** Bytes that a retransmission adds: the original sequence number (RFC 4588 4). */
export const RTX_OVERHEAD = 2;

/** A viewer's retransmission stream, as its SDP names it. */
export interface RtxStream {
  readonly payloadType: number;
  readonly ssrc: number;
}

/**
 * Writes the retransmission of a packet at `offset` of the caller's `target`, and returns its size:
 * `original.length + RTX_OVERHEAD`. Marker and timestamp are the original's (RFC 4588 4).
 *
 * @param original a packet as packetizers make it, with a header of {@linkcode RTP_HEADER_SIZE} bytes
 * @param sequence the retransmission stream's own, which counts what was sent on it
 * @param originalSequence under which the viewer missed the packet
 * @throws {RtpError} if `original` is no such packet or `target` is too short; nothing is written
 * then.
 *
 * @example
 * ```ts
 * import { writeRtpHeader } from "./packet.ts";
 * import { writeRtxPacket } from "./rtx.ts";
 *
 * const original = new Uint8Array(12 + 100);
 * writeRtpHeader(original, 0, 0, 5, 3000, 0);
 * const datagram = new Uint8Array(1500);
 * writeRtxPacket(datagram, 0, original, { payloadType: 97, ssrc: 2 }, 1, 1005); // 114
 * ```
 */
export function writeRtxPacket(
  target: Uint8Array,
  offset: number,
  original: Uint8Array,
  stream: RtxStream,
  sequence: number,
  originalSequence: number,
): number {
  // Extension and contributing sources would stand in front of the original sequence number.
  if (original[0] !== 0x80) {
    throw new RtpError(`Cannot resend packet: header must begin with 128, got ${original[0]}`);
  }
  const size = original.length + RTX_OVERHEAD;
  if (size > target.length - offset) {
    throw new RtpError(
      `Cannot resend packet: must have ${size} bytes, got ${target.length - offset}`,
    );
  }
  copyRtpHeader(target, offset, original, stream.payloadType, sequence, stream.ssrc);
  const at = offset + RTP_HEADER_SIZE;
  target[at] = originalSequence >> 8;
  target[at + 1] = originalSequence;
  target.set(original.subarray(RTP_HEADER_SIZE), at + RTX_OVERHEAD);
  return size;
}
