import type { PacketRing } from "../rtp/packet_ring.ts";
import { RTP_HEADER_SIZE } from "../rtp/packet.ts";
import type { RtpClock } from "../rtp/rtp_clock.ts";
import type { RtpIdentity } from "../srtp/rtp_identity.ts";
import type { SrtpSender } from "../srtp/srtp_sender.ts";
import { distance } from "../stream/log_layout.ts";
import { ResendHistory } from "./resend_history.ts";

/** How packets that are asked for again are marked (RFC 4588). */
export interface Retransmission extends RtpIdentity {
  /** Sequence number of the first: random, 15 bits, so that it does not wrap at once. */
  readonly firstSequence: number;
}

export interface RtpTrackOptions {
  readonly ring: PacketRing;
  readonly clock: RtpClock;
  readonly identity: RtpIdentity;
  /** Without it, packets are sent again as they were. */
  readonly retransmission: Retransmission | undefined;
  /** Sequence number of the first packet: random, 15 bits, so that it does not wrap at once. */
  readonly firstSequence: number;
}

/** What decides whether a packet may be sent again. */
export interface ResendMoment {
  readonly nowMs: number;
  readonly roundTripMs: number;
}

/**
 * A viewer's place in one track: packets are shared, and a viewer is an offset to their numbers.
 *
 * Sequence numbers go on without a gap when the viewer jumps, so that its receiver does not wait
 * for what will not come.
 */
export class RtpTrack {
  readonly clock: RtpClock;
  readonly identity: RtpIdentity;
  readonly #ring: PacketRing;
  readonly #retransmission: Retransmission | undefined;
  #retransmissions = 0;
  /** There from the first packet on that is lost. */
  #resends: ResendHistory | undefined;
  /** Index of the next packet; `undefined` before the beginning. */
  #position: number | undefined;
  /** Index from which on the present offset holds. */
  #first = 0;
  /** Extended sequence number less index. */
  #offset = 0;
  #nextSequence: number;
  #packetCount = 0;
  #octetCount = 0;
  /** Of the batch at work. */
  readonly #batch: Uint8Array<ArrayBuffer>[] = [];

  constructor(options: RtpTrackOptions) {
    this.clock = options.clock;
    this.identity = options.identity;
    this.#ring = options.ring;
    this.#retransmission = options.retransmission;
    this.#nextSequence = options.firstSequence;
  }

  /** Packets sent, without those that were sent again. */
  get packetCount(): number {
    return this.#packetCount;
  }

  /** Bytes of their payloads. */
  get octetCount(): number {
    return this.#octetCount;
  }

  get hasBegun(): boolean {
    return this.#position !== undefined;
  }

  /** Packets that are there and were not sent. */
  get waiting(): number {
    return this.#position === undefined ? 0 : this.#ring.head - this.#position;
  }

  /** Whether packets were let go of before this viewer was sent them. */
  get isOvertaken(): boolean {
    return this.#position !== undefined && this.#position < this.#ring.tail;
  }

  /** Stream time of the next packet; `undefined` if there is none. */
  get nextTimeMs(): number | undefined {
    return this.#position === undefined ? undefined : this.#ring.timeMs(this.#position);
  }

  /** How much stream time lies between the next packet and the newest. */
  get lagMs(): number {
    const newestMs = this.#ring.timeMs(this.#ring.head - 1);
    return newestMs === undefined ? 0 : distance(this.nextTimeMs ?? newestMs, newestMs);
  }

  /** Goes on at `index`, whatever was before. */
  jump(index: number): void {
    this.#position = index;
    this.#first = index;
    this.#offset = this.#nextSequence - index;
  }

  /** Waits until it is told where to go on. */
  pause(): void {
    this.#position = undefined;
  }

  /** Protects up to `count` packets, and appends them to `datagrams`. */
  take(count: number, sender: SrtpSender, datagrams: Uint8Array[]): void {
    const position = this.#position;
    if (position === undefined) return;
    const end = Math.min(position + count, this.#ring.head);
    this.#batch.length = 0;
    for (let index = position; index < end; index++) {
      const packet = this.#ring.get(index)!;
      this.#batch.push(packet);
      this.#octetCount += packet.length - RTP_HEADER_SIZE;
    }
    const size = this.#batch.length;
    if (size === 0) return;
    sender.protectBatch(this.#batch, size, position + this.#offset, this.identity, datagrams);
    this.#packetCount += size;
    this.#position = end;
    this.#nextSequence = end + this.#offset;
  }

  /**
   * A packet that was sent, protected to be sent again; `undefined` if it was not, is gone, or was
   * sent again too often or just now.
   *
   * @param sequence 16 bits, as the viewer knows it
   * @param moment when it is, and how long the way to the viewer and back takes
   */
  resend(
    sequence: number,
    sender: SrtpSender,
    { nowMs, roundTripMs }: ResendMoment,
  ): Uint8Array<ArrayBuffer> | undefined {
    const index = this.#ring.findSequence(sequence, this.#offset);
    if (index === undefined || index < this.#first) return undefined;
    if (this.#position === undefined || index >= this.#position) return undefined;
    this.#resends ??= new ResendHistory();
    if (!this.#resends.take(index, nowMs, roundTripMs)) return undefined;
    const packet = this.#ring.get(index)!;
    const again = this.#retransmission;
    if (again === undefined) return sender.protectOne(packet, index + this.#offset, this.identity);
    const number = again.firstSequence + this.#retransmissions++;
    return sender.protectRetransmission(packet, sequence, number, again);
  }
}
