import { RTP_HEADER_SIZE, rtpTimestamp } from "./packet.ts";

/** Of an earlier packet in front of the newest (RFC 2198 3): it has 10 bits for a length. */
const BLOCK_HEADER_SIZE = 4;
const MAX_BLOCK_SIZE = 0x3ff;
/** Of the newest: its payload type alone. */
const LAST_HEADER_SIZE = 1;
/** 14 bits: a third of a second of Opus. */
const MAX_TIMESTAMP_OFFSET = 0x3fff;
const FOLLOWED_FLAG = 0x80;

/** Bytes of a payload with earlier packets in it, at most: it is to pass where pictures do. */
export const MAX_REDUNDANT_SIZE = 1150;

/**
 * Makes a packet of sound that carries the ones before it once more (RFC 2198): whoever loses one
 * finds it in the next. An earlier packet that is too large or too old is left out, and so is what
 * would make the payload larger than {@linkcode MAX_REDUNDANT_SIZE}.
 *
 * @param packet RTP header and payload; its header is taken over
 * @param earlier oldest first, the same
 * @param payloadType of all of them, as the receiver knows it
 * @returns a buffer of its own
 */
export function packRedundant(
  packet: Uint8Array,
  earlier: readonly Uint8Array[],
  payloadType: number,
): Uint8Array<ArrayBuffer> {
  const carried = fitting(packet, earlier);
  const blocks = carried.map((one) => one.subarray(RTP_HEADER_SIZE));
  const size = blocks.reduce((sum, { length }) => sum + BLOCK_HEADER_SIZE + length, 0) +
    LAST_HEADER_SIZE + packet.length;
  const made = new Uint8Array(size);
  made.set(packet.subarray(0, RTP_HEADER_SIZE));
  let at = RTP_HEADER_SIZE;
  for (const one of carried) {
    const offset = timestampDistance(one, packet);
    const length = one.length - RTP_HEADER_SIZE;
    made[at++] = FOLLOWED_FLAG | payloadType;
    made[at++] = offset >> 6;
    made[at++] = (offset & 0x3f) << 2 | length >> 8;
    made[at++] = length;
  }
  made[at++] = payloadType;
  for (const block of blocks) {
    made.set(block, at);
    at += block.length;
  }
  made.set(packet.subarray(RTP_HEADER_SIZE), at);
  return made;
}

/** The newest of the earlier packets that have room, oldest first. */
function fitting(packet: Uint8Array, earlier: readonly Uint8Array[]): Uint8Array[] {
  const carried: Uint8Array[] = [];
  let size = LAST_HEADER_SIZE + packet.length - RTP_HEADER_SIZE;
  for (const one of earlier.toReversed()) {
    const length = one.length - RTP_HEADER_SIZE;
    const offset = timestampDistance(one, packet);
    size += BLOCK_HEADER_SIZE + length;
    const isFitting = length <= MAX_BLOCK_SIZE && offset > 0 && offset <= MAX_TIMESTAMP_OFFSET;
    if (!isFitting || size > MAX_REDUNDANT_SIZE) break;
    carried.unshift(one);
  }
  return carried;
}

function timestampDistance(from: Uint8Array, to: Uint8Array): number {
  return (rtpTimestamp(to) - rtpTimestamp(from)) | 0;
}
