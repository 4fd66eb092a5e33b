import type { RtpTrack } from "./rtp_track.ts";

/** More than a viewer loses at once; what is asked for beyond is asked for again. */
const MAX_RESENDS = 256;

/** Packets that a viewer has asked for again and has not been sent yet, oldest first. */
export class ResendQueue {
  readonly #tracks: RtpTrack[] = [];
  readonly #sequences = new Uint16Array(MAX_RESENDS);
  #first = 0;
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a packet by its sequence number; false if there is no room. */
  push(track: RtpTrack, sequence: number): boolean {
    if (this.#size === MAX_RESENDS) return false;
    const slot = (this.#first + this.#size++) % MAX_RESENDS;
    this.#tracks[slot] = track;
    this.#sequences[slot] = sequence;
    return true;
  }

  /** Track and sequence number of the oldest packet, which {@linkcode drop} removes. */
  get track(): RtpTrack | undefined {
    return this.#size === 0 ? undefined : this.#tracks[this.#first];
  }

  get sequence(): number {
    return this.#sequences[this.#first]!;
  }

  drop(): void {
    this.#first = (this.#first + 1) % MAX_RESENDS;
    this.#size--;
  }

  clear(): void {
    this.#size = 0;
  }
}
