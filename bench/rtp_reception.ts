import { extendSequence } from "../src/rtp/sequence.ts";

/** Counts what arrives of one source of RTP, by headers only, which SRTP leaves readable. */
export class RtpReception {
  readonly ssrc: number;
  readonly payloadType: number;
  packets = 0;
  /** Of datagrams: headers, payloads and tags. */
  bytes = 0;
  /** Packets that end an access unit of video. */
  markers = 0;
  /** Places where the sequence skipped something. */
  gaps = 0;
  /** Packets that did not come, less those that came later. */
  lost = 0;
  /** Packets behind the newest: late, repeated, or sent again. */
  late = 0;
  /** Sequence number with its wraps in front; -1 before the first packet. */
  #highest = -1;
  #receivedAtReport = 0;
  #highestAtReport = -1;

  constructor(ssrc: number, payloadType: number) {
    this.ssrc = ssrc;
    this.payloadType = payloadType;
  }

  get extendedHighestSequence(): number {
    return this.#highest;
  }

  /** Takes the header of a datagram, and returns the packet's index: sequence number and wraps. */
  take(datagram: Uint8Array): number {
    const sequence = datagram[2]! << 8 | datagram[3]!;
    this.packets++;
    this.bytes += datagram.length;
    if (datagram[1]! >= 0x80) this.markers++;
    if (this.#highest < 0) {
      this.#highestAtReport = sequence - 1;
      this.#highest = sequence;
      return sequence;
    }
    const index = extendSequence(sequence, this.#highest);
    if (index <= this.#highest) {
      this.late++;
      this.lost--;
      return index;
    }
    const skipped = index - this.#highest - 1;
    if (skipped > 0) {
      this.gaps++;
      this.lost += skipped;
    }
    this.#highest = index;
    return index;
  }

  /** Share of packets lost since the last call, in 1/256 (RFC 3550 6.4.1). */
  takeLossFraction(): number {
    const expected = this.#highest - this.#highestAtReport;
    const received = this.packets - this.#receivedAtReport;
    this.#highestAtReport = this.#highest;
    this.#receivedAtReport = this.packets;
    return expected <= received
      ? 0
      : Math.min(255, Math.floor((expected - received) * 256 / expected));
  }
}
