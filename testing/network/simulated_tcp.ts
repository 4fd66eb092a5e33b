import type { SimulatedLink } from "./simulated_link.ts";

const PACKET_BYTES = 1500;
const TIMEOUT_MS = 1000;
/** So many later packets that arrive tell that one is lost. */
const LATER_ARRIVALS = 3;

/** A download over the same link: a sender of TCP with all the data there are (Reno, RFC 5681). */
export class SimulatedTcp {
  readonly #link: SimulatedLink;
  #windowPackets = 10;
  #slowStartPackets = Infinity;
  #next = 0;
  /** Sent and not acknowledged, oldest first. */
  readonly #open: number[] = [];
  /** A loss of what was sent before is the same loss. */
  #recoverUntil = 0;
  #heardMs = 0;
  #ackedBytes = 0;

  constructor(link: SimulatedLink) {
    this.#link = link;
  }

  /** What has arrived in all. */
  get ackedBytes(): number {
    return this.#ackedBytes;
  }

  /** Time has passed: to be called every few milliseconds, after the link's `advance`. */
  advance(nowMs: number): void {
    if (this.#open.length > 0 && nowMs - this.#heardMs > TIMEOUT_MS) {
      this.#open.length = 0;
      this.#slowStartPackets = Math.max(2, this.#windowPackets / 2);
      this.#windowPackets = 1;
    }
    while (this.#open.length < this.#windowPackets) {
      const number = this.#next++;
      if (this.#open.length === 0) this.#heardMs = nowMs;
      this.#open.push(number);
      this.#link.send(PACKET_BYTES, nowMs, (atMs) => {
        this.#link.answer(atMs, (backMs) => this.#acked(number, backMs));
      });
    }
  }

  #acked(number: number, nowMs: number): void {
    this.#heardMs = nowMs;
    this.#ackedBytes += PACKET_BYTES;
    const at = this.#open.indexOf(number);
    if (at < 0) return;
    this.#open.splice(at, 1);
    this.#windowPackets += this.#windowPackets < this.#slowStartPackets
      ? 1
      : 1 / this.#windowPackets;
    while (this.#open[0] !== undefined && this.#open[0] < number - LATER_ARRIVALS) {
      const lost = this.#open.shift()!;
      if (lost < this.#recoverUntil) continue;
      this.#recoverUntil = this.#next;
      this.#windowPackets = this.#slowStartPackets = Math.max(2, this.#windowPackets / 2);
    }
  }
}
