import { RtpError } from "./rtp_error.ts";

/** Bytes of a header without contributing sources and extension (RFC 3550 5.1). */
export const RTP_HEADER_SIZE = 12;

/** The marker's bit, in the byte that it shares with the payload type. */
export const RTP_MARKER = 0x80;

/** First byte of a header with version 2, no padding, no extension, no contributing sources. */
const FIRST_BYTE = 0x80;

/** What the extension's "defined by profile" field says for one-byte elements (RFC 8285 4.2). */
export const ONE_BYTE_EXTENSION_PROFILE = 0xbede;

/**
 * Writes a header of {@linkcode RTP_HEADER_SIZE} bytes at `offset` of the caller's `target`.
 * Numbers are truncated to their field's width, so a growing packet index is a valid `sequence`.
 *
 * @param markerAndPayloadType the payload type, plus {@linkcode RTP_MARKER} where it applies
 * @throws {RtpError} if `target` is too short; nothing is written then.
 *
 * @example
 * ```ts
 * import { RTP_MARKER, writeRtpHeader } from "./packet.ts";
 *
 * const packet = new Uint8Array(12 + 3);
 * writeRtpHeader(packet, 0, RTP_MARKER | 96, 65_537, 90_000, 0x1234);
 * packet.subarray(0, 4); // 80 e0 00 01
 * ```
 */
export function writeRtpHeader(
  target: Uint8Array,
  offset: number,
  markerAndPayloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  checkRoom(target, offset);
  target[offset] = FIRST_BYTE;
  target[offset + 1] = markerAndPayloadType;
  target[offset + 2] = sequence >> 8;
  target[offset + 3] = sequence;
  writeU32(target, offset + 4, timestamp);
  writeU32(target, offset + 8, ssrc);
}

/** The timestamp of a packet with such a header, 32 bits. */
export function rtpTimestamp(packet: Uint8Array): number {
  return ((packet[4]! << 24) | (packet[5]! << 16) | (packet[6]! << 8) | packet[7]!) >>> 0;
}

function checkRoom(bytes: Uint8Array, offset: number): void {
  if (bytes.length - offset < RTP_HEADER_SIZE) {
    throw new RtpError(
      `Cannot write RTP header: must have ${RTP_HEADER_SIZE} bytes, got ${bytes.length - offset}`,
    );
  }
}

function writeU32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >> 24;
  target[offset + 1] = value >> 16;
  target[offset + 2] = value >> 8;
  target[offset + 3] = value;
}
