import { isUnreferenced } from "../codec/picture_layer.ts";

/** Bits of what is known about a packet beyond its bytes. */
export const PacketFlag = {
  /** The first packet of an access unit. */
  accessUnitStart: 1,
  /** The first packet of a key frame: decoding can begin with it. */
  keyFrameStart: 2,
  /** The first packet of an access unit that no other refers to: it can be left out alone. */
  unreferencedStart: 4,
} as const;

/** Behind those bits, the place among layers of the access unit that a packet is the first of. */
const LAYER_SHIFT = 3;

/** The bits for a place among layers, as `layerBits` has it. */
export function layerPacketFlags(layer: number): number {
  return layer << LAYER_SHIFT | (isUnreferenced(layer) ? PacketFlag.unreferencedStart : 0);
}

/** The place among layers, as `layerBits` has it, that flags tell. */
export function layerOfPacket(flags: number): number {
  return flags >> LAYER_SHIFT;
}

/**
 * Where packetizers put the packets they make; {@linkcode PacketRing} is one.
 *
 * A packetizer is a function `(accessUnit, format, out: PacketSink) => number`: it makes the packets
 * of one access unit, all at once, and returns how many it made.
 */
export interface PacketSink {
  /** Index of the next packet; its low 16 bits are the packet's sequence number. */
  readonly head: number;
  /**
   * Takes the next packet, whose bytes do not change any more.
   *
   * @param timeMs decoding time of its access unit on the stream's clock
   * @param flags bits of {@linkcode PacketFlag}
   */
  append(packet: Uint8Array<ArrayBuffer>, timeMs: number, flags: number): void;
}

/** What the access units of all codecs have. */
export interface AccessUnitTiming {
  /** RTP timestamp: presentation time in ticks of the payload's clock, 32 bits. */
  readonly timestamp: number;
  /** Decoding time on the stream's clock; does not go back from one access unit to the next. */
  readonly timeMs: number;
}
