import { extendSequence } from "../../../src/rtp/sequence.ts";
import {
  parseReceivedPacket,
  type ReceivedPacket,
} from "../../../src/rtp/receive/received_packet.ts";
import { wellFormed } from "../../../testing/malformed.ts";
import { seededRandom } from "../../../testing/mutation.ts";

/** What a link does to packets. */
export interface LinkTerms {
  readonly lossFraction: number;
  readonly delayMs: number;
  /** Some packets take up to so much longer, and are overtaken. */
  readonly jitterMs: number;
  readonly duplicateFraction: number;
  readonly seed: number;
}

/** A link with loss, disorder and duplicates, on which lost packets are sent again when asked for. */
export class Link {
  readonly #terms: LinkTerms;
  readonly #random: () => number;
  readonly #sent = new Map<number, Uint8Array>();
  readonly #onTheWay: { readonly atMs: number; readonly packet: Uint8Array }[] = [];
  lost = 0;

  constructor(terms: LinkTerms) {
    this.#terms = terms;
    this.#random = seededRandom(terms.seed);
  }

  send(packet: Uint8Array, nowMs: number): void {
    this.#sent.set(packet[2]! << 8 | packet[3]!, packet);
    this.#put(packet, nowMs);
  }

  /** The sender is asked, half a round trip away. */
  request(numbers: readonly number[], nowMs: number): void {
    for (const number of numbers) {
      const packet = this.#sent.get(number & 0xffff);
      if (packet !== undefined) this.#put(packet, nowMs + this.#terms.delayMs);
    }
  }

  /** What has arrived by now, in the order of arrival. */
  arrived(nowMs: number): Uint8Array[] {
    if (!this.#onTheWay.some(({ atMs }) => atMs <= nowMs)) return [];
    const arrived = this.#onTheWay.filter(({ atMs }) => atMs <= nowMs)
      .sort((one, other) => one.atMs - other.atMs);
    const left = this.#onTheWay.filter(({ atMs }) => atMs > nowMs);
    this.#onTheWay.splice(0, this.#onTheWay.length, ...left);
    return arrived.map(({ packet }) => packet);
  }

  #put(packet: Uint8Array, nowMs: number): void {
    const { lossFraction, delayMs, jitterMs, duplicateFraction } = this.#terms;
    if (this.#random() < lossFraction) {
      this.lost++;
      return;
    }
    const atMs = nowMs + delayMs + (this.#random() < 0.1 ? this.#random() * jitterMs : 0);
    this.#onTheWay.push({ atMs, packet });
    if (this.#random() < duplicateFraction) this.#onTheWay.push({ atMs: atMs + 1, packet });
  }
}

/** Packets as a receiver knows them, with numbers that do not wrap. */
export class Numbered {
  #highest: number | undefined;

  of(packet: Uint8Array): [number: number, packet: ReceivedPacket] {
    const parsed = wellFormed(parseReceivedPacket(packet)) as ReceivedPacket;
    const number = extendSequence(parsed.sequence, this.#highest ?? parsed.sequence);
    this.#highest = Math.max(this.#highest ?? number, number);
    return [number, parsed];
  }
}
