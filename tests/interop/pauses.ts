import type { ReceivedSource } from "../../testing/webrtc/whep_reception.ts";

/** For how long nothing of a source came, from its first packet to its last. */
export function longestPauseMs({ packets }: ReceivedSource): number {
  let longestMs = 0;
  for (const [at, { arrivedMs }] of packets.slice(1).entries()) {
    longestMs = Math.max(longestMs, arrivedMs - packets[at]!.arrivedMs);
  }
  return longestMs;
}
