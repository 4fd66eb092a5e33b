import { BURST_INTERVAL_MS } from "../rtp/gop_pacer.ts";
import type { RtcpPacket } from "../rtp/rtcp.ts";
import { type Nack, nackedSequences } from "../rtp/rtcp_feedback.ts";
import type { SrtpSender } from "../srtp/srtp_sender.ts";
import { ResendQueue } from "./resend_queue.ts";
import { ResendTwins } from "./resend_twins.ts";
import type { ResendMoment, RtpTrack } from "./rtp_track.ts";

/** Packets that a viewer may have sent again in a second: beyond, it asks for more than it loses. */
const MAX_RESENDS_PER_SECOND = 1000;

/** What a viewer is sent again of its tracks. */
export class RtpResends {
  readonly #tracks: readonly RtpTrack[];
  readonly #srtp: SrtpSender;
  readonly #queue = new ResendQueue();
  /** There from the first packet on that is sent twice. */
  #twins: ResendTwins | undefined;
  #dueMs = -Infinity;
  #left = MAX_RESENDS_PER_SECOND;

  constructor(tracks: readonly RtpTrack[], srtp: SrtpSender) {
    this.#tracks = tracks;
    this.#srtp = srtp;
  }

  /** When there is something to be sent again; Infinity if there is nothing. */
  get nextMs(): number {
    return Math.max(this.#dueMs, this.#queue.isEmpty ? this.#twins?.nextMs ?? Infinity : -Infinity);
  }

  /** Packets that were asked for, as far as they may be of use. */
  get size(): number {
    return this.#queue.size;
  }

  /** None of what was asked for is sent again. */
  clear(): void {
    this.#queue.clear();
    this.#twins?.clear();
  }

  /** A second has passed. */
  tick(): void {
    this.#left = MAX_RESENDS_PER_SECOND;
  }

  /** Notes what NACKs among `packets` ask for, as far as there is room; how many those are. */
  note(packets: readonly RtcpPacket[]): number {
    let nacks = 0;
    for (const packet of packets) {
      if (packet.kind !== "nack") continue;
      nacks++;
      this.#note(packet);
    }
    return nacks;
  }

  /**
   * Appends up to `count` packets that were asked for again, and returns how many. They are paced as
   * a viewer is that catches up: what they were lost to is often a queue that is full.
   */
  takePaced(count: number, moment: ResendMoment, datagrams: Uint8Array[]): number {
    if (moment.nowMs < this.nextMs) return 0;
    this.#dueMs = moment.nowMs + BURST_INTERVAL_MS;
    let resent = 0;
    while (resent < count && this.takeOne(moment, datagrams)) resent++;
    return resent;
  }

  /** Appends the next packet that is to be sent again; false if there is none. */
  takeOne(moment: ResendMoment, datagrams: Uint8Array[]): boolean {
    const queue = this.#queue;
    if (this.#left === 0) this.clear();
    for (let track = queue.track; track !== undefined; track = queue.track) {
      const { sequence } = queue;
      const datagram = track.resend(sequence, this.#srtp, moment);
      queue.drop();
      if (datagram === undefined) continue;
      if (moment.isTwice === true && track.canRepeat) {
        this.#twins ??= new ResendTwins();
        this.#twins.add(track, sequence, moment.nowMs);
      }
      return this.#append(datagram, datagrams);
    }
    return this.#takeTwin(moment, datagrams);
  }

  #takeTwin({ nowMs, isTwice }: ResendMoment, datagrams: Uint8Array[]): boolean {
    const twins = this.#twins;
    while (twins?.track !== undefined && twins.nextMs <= nowMs) {
      const { track, sequence } = twins;
      twins.drop();
      const datagram = isTwice ? track.resendTwin(sequence, this.#srtp, nowMs) : undefined;
      if (datagram !== undefined) return this.#append(datagram, datagrams);
    }
    return false;
  }

  #append(datagram: Uint8Array, datagrams: Uint8Array[]): true {
    this.#left--;
    datagrams.push(datagram);
    return true;
  }

  #note(nack: Nack): void {
    const track = this.#tracks.find(({ identity }) => identity.ssrc === nack.mediaSsrc);
    if (track === undefined) return;
    for (const sequence of nackedSequences(nack)) {
      if (track.isOfUse(sequence) && !this.#queue.push(track, sequence)) return;
    }
  }
}
