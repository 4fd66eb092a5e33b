import { RTP_HEADER_SIZE, RTP_MARKER, writeRtpHeader } from "./packet.ts";
import { type AccessUnitTiming, PacketFlag, type PacketSink } from "./packet_sink.ts";

/**
 * Bytes a payload may have by default, so that a datagram has 1200: less its header (12), the tag of
 * SRTP (10), and the original sequence number in front of it when it is sent again (RFC 4588, 2).
 */
export const DEFAULT_MAX_PAYLOAD_SIZE = 1176;

/** Smallest limit of a payload: below it, headers outweigh media. */
export const MIN_MAX_PAYLOAD_SIZE = 64;

/** Largest limit of a payload: what a UDP datagram over IPv4 leaves for it. */
export const MAX_MAX_PAYLOAD_SIZE = 65_000;

/** Bytes that a packet of `payloadSize` takes of the buffer of a {@linkcode PacketCarver}. */
export function carvedSize(payloadSize: number): number {
  return (RTP_HEADER_SIZE + payloadSize + 3) & ~3;
}

/** Of the access unit that a {@linkcode PacketCarver} is for. */
export interface CarvedAccessUnit extends AccessUnitTiming {
  readonly ssrc: number;
  readonly isKeyFrame: boolean;
  /** Whether it is known that no other refers to it. */
  readonly isUnreferenced?: boolean;
}

/**
 * One buffer, from which all packets of an access unit are carved: a packetizer writes a payload at
 * {@linkcode payloadOffset}, then calls {@linkcode finish}, which puts the header in front of it and
 * hands the packet to the sink. The last packet carries the marker.
 *
 * Packets, and so payloads, begin at multiples of four bytes: ciphers can take them by words.
 */
export class PacketCarver {
  readonly #out: PacketSink;
  readonly #unit: CarvedAccessUnit;
  /** The packetizer writes payloads here; packets are views of it. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  #packetOffset = 0;
  #packetsLeft: number;
  #flags: number;

  /**
   * @param packetCount how many packets will be finished
   * @param size sum of {@linkcode carvedSize} of all their payloads
   */
  constructor(out: PacketSink, unit: CarvedAccessUnit, packetCount: number, size: number) {
    this.#out = out;
    this.#unit = unit;
    this.#packetsLeft = packetCount;
    this.#flags = PacketFlag.accessUnitStart;
    if (unit.isKeyFrame) this.#flags |= PacketFlag.keyFrameStart;
    else if (unit.isUnreferenced) this.#flags |= PacketFlag.unreferencedStart;
    this.buffer = new Uint8Array(size);
  }

  /** Where in the buffer the next payload goes. */
  get payloadOffset(): number {
    return this.#packetOffset + RTP_HEADER_SIZE;
  }

  /** Ends the packet whose payload of `payloadSize` bytes was written. Its payload type is 0. */
  finish(payloadSize: number): void {
    const start = this.#packetOffset;
    const unit = this.#unit;
    const marker = --this.#packetsLeft === 0 ? RTP_MARKER : 0;
    writeRtpHeader(this.buffer, start, marker, this.#out.head, unit.timestamp, unit.ssrc);
    const packet = this.buffer.subarray(start, start + RTP_HEADER_SIZE + payloadSize);
    this.#out.append(packet, unit.timeMs, this.#flags);
    this.#packetOffset = start + carvedSize(payloadSize);
    this.#flags = 0;
  }
}
