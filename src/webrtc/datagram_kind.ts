/** What a datagram is by its first bytes; `unknown` is everything that is to be dropped. */
export type DatagramKind = "stun" | "dtls" | "rtp" | "rtcp" | "unknown";

/** A DTLS record header (RFC 6347 4.1) has 13 bytes, an RTP header 12, an RTCP one 8. */
const MIN_LENGTH = { stun: 20, dtls: 13, rtp: 12, rtcp: 8 } as const;

/** Payload types 64 to 95, marker bit removed, are RTCP's packet types 192 to 223 (RFC 5761 4). */
const FIRST_RTCP_TYPE = 192;
const LAST_RTCP_TYPE = 223;

/**
 * Tells what shares one port apart by the first byte (RFC 7983 7), and RTCP from RTP by the second
 * (RFC 5761 4). Anything too short for its kind is `unknown`.
 *
 * @example
 * ```ts
 * import { datagramKind } from "./datagram_kind.ts";
 *
 * datagramKind(new Uint8Array(13).fill(22)); // "dtls"
 * ```
 */
export function datagramKind(datagram: Uint8Array): DatagramKind {
  const length = datagram.length;
  if (length < MIN_LENGTH.rtcp) return "unknown";
  const first = datagram[0]!;
  if (first <= 3) return length < MIN_LENGTH.stun ? "unknown" : "stun";
  if (first >= 20 && first <= 63) return length < MIN_LENGTH.dtls ? "unknown" : "dtls";
  if (first < 128 || first > 191) return "unknown";
  const second = datagram[1]!;
  if (second >= FIRST_RTCP_TYPE && second <= LAST_RTCP_TYPE) return "rtcp";
  return length < MIN_LENGTH.rtp ? "unknown" : "rtp";
}
