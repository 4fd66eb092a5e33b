import type { PacketRing } from "../rtp/packet_ring.ts";

/**
 * Runs that are remembered: more than a viewer that is left every second picture has in a second,
 * and one that catches up with a group of pictures of 16 s.
 */
const MAX_RUNS = 1024;

/** A run of packets that were sent one after the other, as they lie in a ring. */
export interface SentRun {
  /** Extended sequence number of its first packet. */
  readonly firstSequence: number;
  readonly ring: PacketRing;
  /** Where in the ring its first packet lies. */
  readonly firstIndex: number;
  /** What is added to the packets' timestamps, modulo 2^32. */
  readonly timestampShift: number;
}

/**
 * Under which sequence numbers a viewer was sent which packets, where that is not one offset: packets
 * were left out, or come from another ring, as those of another rendition do, or have got other
 * timestamps. Whatever lies between, sequence numbers go on without a gap, and each of them means one
 * packet for ever.
 *
 * Neighbours in a ring are one run, so that a viewer who is left nothing out has one alone, and needs
 * no such map. Memory is bounded: the oldest runs are forgotten.
 *
 * @example
 * ```ts
 * import { PacketRing } from "../rtp/packet_ring.ts";
 * import { SentNumbers } from "./sent_numbers.ts";
 *
 * const ring = new PacketRing();
 * const numbers = new SentNumbers();
 * numbers.add({ firstSequence: 1000, ring, firstIndex: 0, timestampShift: 0 });
 * numbers.add({ firstSequence: 1007, ring, firstIndex: 20, timestampShift: 0 });
 * numbers.find(1008)?.firstIndex; // 20: it is the packet behind it
 * ```
 */
export class SentNumbers {
  readonly #runs: SentRun[] = [];
  /** Of the newest run. */
  #newest = -1;

  /** A run begins, with the sequence number behind the last one of the run before. */
  add(run: SentRun): void {
    this.#newest = (this.#newest + 1) % MAX_RUNS;
    this.#runs[this.#newest] = run;
  }

  /** The run that a packet was sent in; `undefined` if that is forgotten, or it came before all. */
  find(sequence: number): SentRun | undefined {
    const { length } = this.#runs;
    // How many runs back, at least and at most: whoever asks may ask for the oldest again and again.
    let least = 0;
    let most = length;
    while (least < most) {
      const back = (least + most) >> 1;
      if (sequence >= this.#at(back).firstSequence) most = back;
      else least = back + 1;
    }
    return least < length ? this.#at(least) : undefined;
  }

  /** Lets go of the runs before that of a packet, and of the rings that they are of. */
  forgetBefore(sequence: number): void {
    const { length } = this.#runs;
    let kept = 0;
    while (kept < length && this.#at(kept++).firstSequence > sequence);
    if (kept === length) return;
    const newest = Array.from({ length: kept }, (_, back) => this.#at(kept - 1 - back));
    this.#runs.splice(0, length, ...newest);
    this.#newest = kept - 1;
  }

  /** The newest run, or one so many before it. */
  #at(back: number): SentRun {
    const { length } = this.#runs;
    return this.#runs[(this.#newest - back + length) % length]!;
  }
}
