import { RtpError } from "../../src/rtp/rtp_error.ts";
import { OPUS_CLOCK_RATE_HZ } from "../../src/rtp/opus_packetizer.ts";

/** Samples a packet may have at 48 kHz: 120 ms (RFC 6716 3.2.5, R5). */
const MAX_PACKET_SAMPLES = 5760;

const SAMPLES_PER_MS = OPUS_CLOCK_RATE_HZ / 1000;

/** Samples per frame at 48 kHz by the two low bits of the configuration (RFC 6716 table 2). */
const SILK_FRAME_SAMPLES = [480, 960, 1920, 2880] as const;
const HYBRID_FRAME_SAMPLES = [480, 960] as const;
const CELT_FRAME_SAMPLES = [120, 240, 480, 960] as const;
const FIRST_HYBRID_CONFIGURATION = 12;
const FIRST_CELT_CONFIGURATION = 16;

/**
 * Samples per channel that an Opus packet decodes to at 48 kHz, by its TOC (RFC 6716 3.1, 3.2): its
 * length on the RTP clock.
 *
 * @throws {RtpError} if the packet is cut short, or its frames are none or exceed 120 ms.
 */
export function opusPacketSamples(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) throw new RtpError("Cannot read Opus TOC: packet must have 1 byte, got 0");
  const samples = frameSamples(toc >> 3) * frameCount(packet, toc & 0b11);
  if (samples === 0 || samples > MAX_PACKET_SAMPLES) {
    throw new RtpError(
      `Cannot read Opus TOC: packet must be 1..${MAX_PACKET_SAMPLES} samples, got ${samples}`,
    );
  }
  return samples;
}

/** {@linkcode opusPacketSamples} in milliseconds: 2.5 to 120. */
export function opusPacketDurationMs(packet: Uint8Array): number {
  return opusPacketSamples(packet) / SAMPLES_PER_MS;
}

function frameSamples(configuration: number): number {
  if (configuration < FIRST_HYBRID_CONFIGURATION) return SILK_FRAME_SAMPLES[configuration & 0b11]!;
  if (configuration < FIRST_CELT_CONFIGURATION) return HYBRID_FRAME_SAMPLES[configuration & 0b1]!;
  return CELT_FRAME_SAMPLES[configuration & 0b11]!;
}

function frameCount(packet: Uint8Array, code: number): number {
  if (code === 0) return 1;
  if (code < 3) return 2;
  const second = packet[1];
  if (second === undefined) {
    throw new RtpError("Cannot read Opus TOC: packet of code 3 must have 2 bytes, got 1");
  }
  return second & 0b11_1111;
}
