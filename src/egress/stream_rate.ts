import type { PacketRing } from "../rtp/packet_ring.ts";
import { RTP_HEADER_SIZE } from "../rtp/packet.ts";
import { TAG_LENGTH } from "../srtp/packet_arena.ts";
import { distance } from "../stream/log_layout.ts";

/** Two groups of pictures, as they usually are. */
const WINDOW_MS = 4000;

/** What is there is taken for at least so long: a first key frame is no rate. */
const MIN_WINDOW_MS = 1000;

/** Headers of IPv4 and UDP: links count them. */
export const DATAGRAM_OVERHEAD_BYTES = 28;

/** What a packet without extensions takes of a link beside its payload. */
export const PACKET_OVERHEAD_BYTES = RTP_HEADER_SIZE + TAG_LENGTH + DATAGRAM_OVERHEAD_BYTES;

/** What the datagrams from `begin` on take of a link, as links count them. */
export function linkBytes(datagrams: readonly Uint8Array[], begin: number): number {
  let bytes = 0;
  for (let at = begin; at < datagrams.length; at++) {
    bytes += datagrams[at]!.length + DATAGRAM_OVERHEAD_BYTES;
  }
  return bytes;
}

/**
 * What a track takes of a link by the second, in bits, when all of it is sent: of its newest seconds.
 *
 * @param redundancy how many earlier packets each one carries once more
 */
export function streamRateBps(ring: PacketRing, redundancy = 0): number {
  const newestMs = ring.timeMs(ring.head - 1);
  if (newestMs === undefined) return 0;
  const first = ring.findTime(newestMs - WINDOW_MS);
  const lengthMs = Math.max(distance(ring.timeMs(first) ?? newestMs, newestMs), MIN_WINDOW_MS);
  const count = ring.head - first;
  const bytes = ring.bytesBetween(first, ring.head);
  const overhead = count * (DATAGRAM_OVERHEAD_BYTES + TAG_LENGTH);
  const repeated = redundancy * (bytes - count * RTP_HEADER_SIZE);
  return (bytes + overhead + repeated) * 8000 / lengthMs;
}
