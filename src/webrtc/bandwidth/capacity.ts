/** Bits a second: anything above is no figure but a lie, or a defect. */
const MAX_BITRATE_BPS = 1e9;

/** What a link is believed to carry, within limits. */
export class Capacity {
  readonly #minBps: number;
  readonly maxBps: number;
  #bps = 0;

  constructor(limits: { readonly minBps: number; readonly maxBps: number }, bps: number) {
    this.#minBps = limits.minBps;
    this.maxBps = Math.max(limits.minBps, Math.min(limits.maxBps, MAX_BITRATE_BPS));
    this.believe(bps);
  }

  /** What is believed, of which senders leave a part unused. */
  get bps(): number {
    return this.#bps;
  }

  /** Whether it may be more than is believed. */
  get isNarrow(): boolean {
    return this.#bps < this.maxBps;
  }

  /** A part of it, but what is sent in any case. */
  part(part: number): number {
    return Math.max(this.#minBps, this.#bps * part);
  }

  believe(bps: number): void {
    this.#bps = Math.min(Math.max(bps, this.#minBps), this.maxBps);
  }

  /** It is no more than this. */
  lower(bps: number): void {
    this.believe(Math.min(this.#bps, bps));
  }
}
