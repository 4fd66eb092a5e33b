import type { ReceivedPacket } from "./received_packet.ts";

/** Bytes of the original sequence number, in front of a packet that is sent again. */
const ORIGINAL_SEQUENCE_SIZE = 2;

/**
 * The packet that a repair packet brings again (RFC 4588 4), as it was sent first; `undefined` of one
 * that brings none, as browsers send to probe the link. It borrows from the repair packet.
 *
 * @param payloadType and `ssrc` are those of the original
 */
export function originalPacket(
  repair: ReceivedPacket,
  payloadType: number,
  ssrc: number,
): ReceivedPacket | undefined {
  const { payload } = repair;
  if (payload.length < ORIGINAL_SEQUENCE_SIZE) return undefined;
  return {
    ...repair,
    payloadType,
    ssrc,
    sequence: payload[0]! << 8 | payload[1]!,
    payload: payload.subarray(ORIGINAL_SEQUENCE_SIZE),
  };
}
