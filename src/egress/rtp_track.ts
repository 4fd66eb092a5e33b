import type { PacketRing } from "../rtp/packet_ring.ts";
import { packRedundant } from "../rtp/opus_red.ts";
import { RTP_HEADER_SIZE, rtpTimestamp } from "../rtp/packet.ts";
import type { RtpClock } from "../rtp/rtp_clock.ts";
import { extendSequence } from "../rtp/sequence.ts";
import type { PacketExtension, RtpIdentity } from "../srtp/rtp_identity.ts";
import type { SrtpSender } from "../srtp/srtp_sender.ts";
import { distance } from "../stream/log_layout.ts";
import { ResendHistory } from "./resend_history.ts";
import { SentNumbers, type SentRun } from "./sent_numbers.ts";

/** Newest packets that padding repeats: a receiver still knows them, and tells them for old. */
const PADDING_PACKETS = 32;

/** So many packets tell what a receiver is told: a second of them, and more. */
const TELLING_PACKETS = 512;

/** How packets that are asked for again are marked (RFC 4588). */
export interface Retransmission extends RtpIdentity {
  /** Sequence number of the first: random, 15 bits, so that it does not wrap at once. */
  readonly firstSequence: number;
}

/** Where a viewer's packets of one track come from, and how they are sent. */
export interface RtpTrackOptions {
  readonly ring: PacketRing;
  readonly clock: RtpClock;
  readonly identity: RtpIdentity;
  /** Without it, packets are sent again as they were. */
  readonly retransmission: Retransmission | undefined;
  /** Of packets that carry earlier ones once more; `undefined` where the viewer takes none. */
  readonly redundant?: RtpIdentity | undefined;
  /** Sequence number of the first packet: random, 15 bits, so that it does not wrap at once. */
  readonly firstSequence: number;
}

/** What decides whether a packet may be sent again. */
export interface ResendMoment {
  readonly nowMs: number;
  readonly roundTripMs: number;
  /** What is sent again is sent twice, where that can be told apart. */
  readonly isTwice?: boolean;
}

/** A packet that was sent, and its extended sequence number. */
interface SentPacket {
  readonly packet: Uint8Array;
  readonly sequence: number;
  readonly timestampShift: number;
}

/** Where a viewer goes on in another ring, whose clock is the same: that of another rendition. */
export interface OtherPackets {
  readonly ring: PacketRing;
  /** What is added to timestamps from there on, modulo 2^32: one per picture that is squeezed. */
  readonly timestampShift?: number;
}

/**
 * A viewer's place in one track: packets are shared, and a viewer is an offset to their numbers.
 *
 * Sequence numbers go on without a gap when the viewer jumps, so that its receiver does not wait
 * for what will not come; what was sent before a jump is found by {@linkcode SentNumbers}, which is
 * there from the first jump on.
 */
export class RtpTrack {
  readonly clock: RtpClock;
  readonly identity: RtpIdentity;
  /** Of packets that tell something, in front of this count. */
  #telling: RtpIdentity;
  #tellingUntil = 0;
  #retransmission: Retransmission | undefined;
  readonly #redundant: RtpIdentity | undefined;
  /** How many earlier packets each one carries once more, if the viewer takes such. */
  redundancy = 0;
  /** Whether packets have been sent so, which are not what the ring has. */
  #wasRedundant = false;
  #retransmissions = 0;
  /** There from the first packet on that is lost. */
  #resends: ResendHistory | undefined;
  /** Runs before the present one. */
  #before: SentNumbers | undefined;
  #run: SentRun;
  /** Index of the next packet; `undefined` before the beginning, and while it waits. */
  #position: number | undefined;
  #nextSequence: number;
  /** What was sent before this is not sent again. */
  #usefulFrom = 0;
  #packetCount = 0;
  #octetCount = 0;
  #paddingAt = 0;
  /** One that can be repeated when all others are gone. */
  #kept: SentPacket | undefined;
  /** Of the batch at work. */
  readonly #batch: Uint8Array<ArrayBuffer>[] = [];

  constructor(options: RtpTrackOptions) {
    const { ring, firstSequence } = options;
    this.clock = options.clock;
    this.identity = options.identity;
    this.#telling = options.identity;
    this.#retransmission = options.retransmission;
    this.#redundant = options.redundant;
    this.#nextSequence = firstSequence;
    this.#run = { firstSequence, ring, firstIndex: 0, timestampShift: 0 };
  }

  /** Where its packets come from. */
  get ring(): PacketRing {
    return this.#run.ring;
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

  /** Index of the next packet; `undefined` before the beginning, and while it waits. */
  get position(): number | undefined {
    return this.#position;
  }

  /** Packets that are there and were not sent. */
  get waiting(): number {
    return this.#position === undefined ? 0 : this.ring.head - this.#position;
  }

  /** Whether packets were let go of before this viewer was sent them. */
  get isOvertaken(): boolean {
    return this.#position !== undefined && this.#position < this.ring.tail;
  }

  /** Timestamp of the newest packet, as it was sent; `undefined` if there was none, or it is gone. */
  get lastTimestamp(): number | undefined {
    const sent = this.#find(this.#nextSequence - 1);
    return sent && (rtpTimestamp(sent.packet) + sent.timestampShift) | 0;
  }

  /** Stream time of the next packet; `undefined` if there is none. */
  get nextTimeMs(): number | undefined {
    return this.#position === undefined ? undefined : this.ring.timeMs(this.#position);
  }

  /** How much stream time lies between the next packet and the newest. */
  get lagMs(): number {
    const newestMs = this.ring.timeMs(this.ring.head - 1);
    return newestMs === undefined ? 0 : distance(this.nextTimeMs ?? newestMs, newestMs);
  }

  /** Whether there is a form for what is sent twice: packets that receivers take no harm from. */
  get canRepeat(): boolean {
    return this.#retransmission !== undefined;
  }

  /** Goes on at `index`, whatever was before; with packets of another ring, if one is named. */
  jump(index: number, from: OtherPackets = this.#run): void {
    const { ring, timestampShift = 0 } = from;
    if (this.#nextSequence > this.#run.firstSequence) {
      this.#before ??= new SentNumbers();
      this.#before.add(this.#run);
    }
    this.#position = index;
    this.#run = { firstSequence: this.#nextSequence, ring, firstIndex: index, timestampShift };
  }

  /** Waits until it is told where to go on. */
  pause(): void {
    this.#kept = this.#find(this.#nextSequence - 1) ?? this.#kept;
    this.#position = undefined;
  }

  /** What the receiver is told by packets from now on, and by all that is sent again. */
  tell(extension: PacketExtension | undefined): void {
    this.#telling = { ...this.identity, extension };
    this.#tellingUntil = this.#packetCount + TELLING_PACKETS;
    this.#retransmission = this.#retransmission && { ...this.#retransmission, extension };
  }

  /** What was sent so far is of no use any more, and not sent again. */
  forgetSent(): void {
    this.#usefulFrom = this.#nextSequence;
    // Only padding repeats it; its ring may be another's, which nobody else holds.
    this.#before?.forgetBefore(this.#nextSequence - PADDING_PACKETS);
  }

  /** Whether it may be of use to send a packet again, which the viewer knows by this number. */
  isOfUse(sequence: number): boolean {
    return this.#position !== undefined && this.#extended(sequence) >= this.#usefulFrom;
  }

  /** Protects up to `count` packets, and appends them to `datagrams`. */
  take(count: number, sender: SrtpSender, datagrams: Uint8Array[]): void {
    const position = this.#position;
    if (position === undefined) return;
    const { ring, timestampShift } = this.#run;
    const end = Math.min(position + count, ring.head);
    this.#batch.length = 0;
    const redundant = this.redundancy > 0 ? this.#redundant : undefined;
    for (let index = position; index < end; index++) {
      const packet = redundant === undefined ? ring.get(index)! : this.#withEarlier(ring, index);
      this.#batch.push(packet);
      this.#octetCount += packet.length - RTP_HEADER_SIZE;
    }
    const size = this.#batch.length;
    if (size === 0) return;
    const plain = this.#packetCount < this.#tellingUntil ? this.#telling : this.identity;
    sender.protectBatch(
      this.#batch,
      size,
      this.#nextSequence,
      redundant === undefined ? plain : { ...redundant, extension: plain.extension },
      datagrams,
      timestampShift,
    );
    this.#packetCount += size;
    this.#position = end;
    this.#nextSequence += size;
  }

  /**
   * A packet that was sent, protected to be sent again; `undefined` if it was not, is gone or of no
   * use, or was sent again too often or just now.
   *
   * @param sequence 16 bits, as the viewer knows it
   * @param moment when it is, and how long the way to the viewer and back takes
   */
  resend(
    sequence: number,
    sender: SrtpSender,
    { nowMs, roundTripMs }: ResendMoment,
  ): Uint8Array<ArrayBuffer> | undefined {
    // It could have been another packet that had this number.
    if (this.#wasRedundant && this.#retransmission === undefined) return undefined;
    if (!this.isOfUse(sequence)) return undefined;
    const extended = this.#extended(sequence);
    const found = this.#find(extended);
    if (found === undefined) return undefined;
    this.#resends ??= new ResendHistory();
    if (!this.#resends.take(extended, nowMs, roundTripMs)) return undefined;
    return this.#protectAgain(found, sender);
  }

  /** A packet that has just been sent again, protected to be so once more; else as {@linkcode resend}. */
  resendTwin(
    sequence: number,
    sender: SrtpSender,
    nowMs: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    if (!this.isOfUse(sequence)) return undefined;
    const extended = this.#extended(sequence);
    const found = this.#find(extended);
    if (found === undefined || !this.#resends?.takeTwin(extended, nowMs)) return undefined;
    return this.#protectAgain(found, sender);
  }

  /** Appends one of the newest packets once more, to fill a link; false if there is none. */
  pad(sender: SrtpSender, datagrams: Uint8Array[]): boolean {
    if (!this.canRepeat) return false;
    const back = this.#paddingAt++ % PADDING_PACKETS;
    const newest = this.#nextSequence - 1;
    const found = this.#find(newest - back) ?? this.#find(newest) ?? this.#kept;
    if (found !== undefined) datagrams.push(this.#protectAgain(found, sender));
    return found !== undefined;
  }

  #withEarlier(ring: PacketRing, index: number): Uint8Array<ArrayBuffer> {
    this.#wasRedundant = true;
    const earlier: Uint8Array[] = [];
    for (let back = this.redundancy; back > 0; back--) {
      const packet = ring.get(index - back);
      if (packet !== undefined) earlier.push(packet);
    }
    return packRedundant(ring.get(index)!, earlier, this.identity.payloadType);
  }

  #extended(sequence: number): number {
    return extendSequence(sequence, this.#nextSequence - 1);
  }

  /** The packet that was sent under an extended sequence number, if it is still there. */
  #find(sequence: number): SentPacket | undefined {
    if (sequence >= this.#nextSequence) return undefined;
    const run = sequence >= this.#run.firstSequence ? this.#run : this.#before?.find(sequence);
    const packet = run?.ring.get(run.firstIndex + sequence - run.firstSequence);
    return packet && { packet, sequence, timestampShift: run!.timestampShift };
  }

  #protectAgain(
    { packet, sequence, timestampShift }: SentPacket,
    sender: SrtpSender,
  ): Uint8Array<ArrayBuffer> {
    const again = this.#retransmission;
    if (again === undefined) {
      return sender.protectOne(packet, sequence, this.#telling, timestampShift);
    }
    const number = again.firstSequence + this.#retransmissions++;
    return sender.protectRetransmission(packet, sequence, number, again, timestampShift);
  }
}
