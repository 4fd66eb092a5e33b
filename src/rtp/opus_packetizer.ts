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

/** Samples a packet may have at 48 kHz: 120 ms (RFC 6716 3.2.5, R5). */
const MAX_PACKET_SAMPLES = 5760;

const SAMPLES_PER_MS = OPUS_CLOCK_RATE_HZ / 1000;

/** Samples per frame at 48 kHz by the two low bits of the configuration (RFC 6716 table 2). */
const SILK_FRAME_SAMPLES = [480, 960, 1920, 2880] as const;
const HYBRID_FRAME_SAMPLES = [480, 960] as const;
const CELT_FRAME_SAMPLES = [120, 240, 480, 960] as const;
const FIRST_HYBRID_CONFIGURATION = 12;
const FIRST_CELT_CONFIGURATION = 16;

/** An Opus packet as it is: TOC byte and frames (RFC 6716 3). */
export interface OpusPacket extends AccessUnitTiming {
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
  { data, timestamp, timeMs }: OpusPacket,
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
