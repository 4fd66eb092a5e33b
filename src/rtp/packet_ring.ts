import { rtpTimestamp } from "./packet.ts";
import { PacketFlag, type PacketSink } from "./packet_sink.ts";
import { RtpError } from "./rtp_error.ts";

/** Ten seconds at 2 Mbit/s. A ring that cannot hold a group of pictures has no start for viewers. */
const DEFAULT_RING_PACKETS = 2048;

/** More than {@linkcode DEFAULT_RING_PACKETS} of usual size: it bounds those of unusual size. */
const DEFAULT_RING_BYTES = 4 * 1024 * 1024;

/** Beyond half of all sequence numbers, one would not tell which packet is meant. */
export const MAX_RING_PACKETS = 32_768;

/** Of a {@linkcode PacketRing}; the defaults are above. */
export interface PacketRingLimits {
  /** 1 to {@linkcode MAX_RING_PACKETS}. */
  readonly maxPackets?: number;
  readonly maxBytes?: number;
}

/**
 * The newest packets of one track, in plaintext, made once for all viewers.
 *
 * ```
 *    evicted    tail ............ newestKeyFrame ......... head
 *   ----------|=====================|=====================|
 * ```
 *
 * Packets are addressed by an index that only grows. A viewer is a cursor, the index of the packet
 * it gets next, and an offset: index + offset is its extended sequence number, of which it sees the
 * low 16 bits; what is above them is SRTP's roll-over counter.
 *
 * When the tail overtakes a cursor, {@linkcode get} gives `undefined` and the viewer goes on at
 * {@linkcode newestKeyFrame}, with its offset lowered by what it left out.
 *
 * Appending allocates nothing. Packets are kept as they are, not copied, and an evicted packet lives
 * on for as long as somebody holds it; as packets are views of one buffer per access unit, up to one
 * access unit more than `maxBytes` stays in memory.
 *
 * @example
 * ```ts
 * import { packetizeOpus } from "./opus_packetizer.ts";
 * import { PacketRing } from "./packet_ring.ts";
 *
 * const ring = new PacketRing({ maxPackets: 512 });
 * const data = Uint8Array.of(0xfc, 0xff, 0xfe);
 * packetizeOpus({ data, timestamp: 960, timeMs: 20 }, { ssrc: 1 }, ring);
 * ring.get(0); // the packet
 * ```
 */
export class PacketRing implements PacketSink {
  readonly #maxPackets: number;
  readonly #maxBytes: number;
  /** Slots are a power of two, so that an index becomes a slot by its low bits. */
  readonly #mask: number;
  readonly #packets: (Uint8Array<ArrayBuffer> | undefined)[];
  readonly #timesMs: Float64Array;
  readonly #flags: Uint8Array;
  #head = 0;
  #tail = 0;
  #byteLength = 0;
  #keyFrameStart = -1;
  #accessUnitStart = -1;

  /** @throws {RtpError} if a limit is out of bounds. */
  constructor(
    { maxPackets = DEFAULT_RING_PACKETS, maxBytes = DEFAULT_RING_BYTES }: PacketRingLimits = {},
  ) {
    if (!(maxPackets >= 1 && maxPackets <= MAX_RING_PACKETS)) {
      throw new RtpError(
        `Cannot make packet ring: packets must be 1..${MAX_RING_PACKETS}, got ${maxPackets}`,
      );
    }
    if (!(maxBytes >= 1)) {
      throw new RtpError(`Cannot make packet ring: bytes must be at least 1, got ${maxBytes}`);
    }
    this.#maxPackets = maxPackets;
    this.#maxBytes = maxBytes;
    const slots = 2 ** Math.ceil(Math.log2(maxPackets));
    this.#mask = slots - 1;
    this.#packets = new Array(slots).fill(undefined);
    this.#timesMs = new Float64Array(slots);
    this.#flags = new Uint8Array(slots);
  }

  /** Index of the next packet to be appended. */
  get head(): number {
    return this.#head;
  }

  /** Index of the oldest packet held; equal to {@linkcode head} if there is none. */
  get tail(): number {
    return this.#tail;
  }

  /** Bytes of all packets held. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Index where the newest key frame starts; `undefined` if there was none, or it is evicted. */
  get newestKeyFrame(): number | undefined {
    return this.#keyFrameStart >= this.#tail ? this.#keyFrameStart : undefined;
  }

  /**
   * Index where the newest access unit starts, which ends at {@linkcode head}; `undefined` if there
   * is none, or its start is evicted.
   */
  get newestAccessUnit(): number | undefined {
    return this.#accessUnitStart >= this.#tail ? this.#accessUnitStart : undefined;
  }

  /** The packet at `index`, or `undefined` if it is evicted or yet to come. Not to be written to. */
  get(index: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#holds(index) ? this.#packets[index & this.#mask] : undefined;
  }

  /** RTP timestamp of the packet at `index`. */
  timestamp(index: number): number | undefined {
    const packet = this.get(index);
    return packet && rtpTimestamp(packet);
  }

  /** Decoding time, on the stream's clock, of the access unit of the packet at `index`. */
  timeMs(index: number): number | undefined {
    return this.#holds(index) ? this.#timesMs[index & this.#mask] : undefined;
  }

  /** Bits of {@linkcode PacketFlag} of the packet at `index`; 0 if it is not held. */
  flags(index: number): number {
    return this.#holds(index) ? this.#flags[index & this.#mask]! : 0;
  }

  /** Adds a packet, which now belongs to the ring, and evicts the oldest beyond the limits. */
  append(packet: Uint8Array<ArrayBuffer>, timeMs: number, flags: number): void {
    while (this.#tail < this.#head && this.#isFull(packet.length)) this.#evict();
    const slot = this.#head & this.#mask;
    this.#packets[slot] = packet;
    this.#timesMs[slot] = timeMs;
    this.#flags[slot] = flags;
    this.#byteLength += packet.length;
    if ((flags & PacketFlag.accessUnitStart) !== 0) this.#accessUnitStart = this.#head;
    if ((flags & PacketFlag.keyFrameStart) !== 0) this.#keyFrameStart = this.#head;
    this.#head++;
  }

  /** Adds to the flags of the packet at `index`, if it is held. */
  mark(index: number, flags: number): void {
    if (this.#holds(index)) this.#flags[index & this.#mask]! |= flags;
  }

  /** Lets go of all packets before `index`, which nobody is to be sent any more. */
  release(index: number): void {
    while (this.#tail < Math.min(index, this.#head)) this.#evict();
  }

  /** Behind the last packet, as far as it is held, of the access unit that `index` belongs to. */
  accessUnitEnd(index: number): number {
    let end = index + 1;
    while (end < this.#head && (this.flags(end) & PacketFlag.accessUnitStart) === 0) end++;
    return end;
  }

  /** Bytes of the packets from `begin` up to, not including, `end`; only what is held counts. */
  bytesBetween(begin: number, end: number): number {
    let bytes = 0;
    for (let index = begin; index < end; index++) bytes += this.get(index)?.length ?? 0;
    return bytes;
  }

  /** Index of the first packet at or after `timeMs`; {@linkcode head} if all are before. */
  findTime(timeMs: number): number {
    let low = this.#tail;
    let high = this.#head;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#timesMs[middle & this.#mask]! < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #holds(index: number): boolean {
    return index >= this.#tail && index < this.#head;
  }

  #isFull(addedBytes: number): boolean {
    return this.#head - this.#tail >= this.#maxPackets ||
      this.#byteLength + addedBytes > this.#maxBytes;
  }

  #evict(): void {
    const slot = this.#tail & this.#mask;
    this.#byteLength -= this.#packets[slot]!.length;
    this.#packets[slot] = undefined;
    this.#tail++;
  }
}
