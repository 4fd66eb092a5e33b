import type { AudioTranscoder } from "../../src/audio/audio_transcoder.ts";
import type { OpusPacket } from "../../src/audio/opus_packet_maker.ts";

/** All packets that an access unit completes. */
export function packetsOf(
  transcoder: AudioTranscoder,
  accessUnit: Uint8Array,
  timestampMs: number,
): OpusPacket[] {
  transcoder.push(accessUnit, timestampMs);
  const packets: OpusPacket[] = [];
  for (let packet = transcoder.next(); packet !== undefined; packet = transcoder.next()) {
    packets.push(packet);
  }
  return packets;
}
