import { PacketRoom } from "./packet_room.ts";
import { PacketWindow } from "./packet_window.ts";
import type { QueueVerdict, ReceptionTerms } from "./picture_queue.ts";
import type { ReceivedPacket } from "./received_packet.ts";

/** Two and a half seconds of packets of 10 ms. */
const MAX_PACKETS = 256;
const MAX_BYTES = 512 * 1024;

/** How long a packet is waited for: until it was asked for and sent again, and if it is overtaken. */
const MIN_HOLD_MS = 30;
const MAX_HOLD_MS = 500;
const HOLD_ROUND_TRIPS = 1.5;

/**
 * Puts the packets of one source of sound in order. A packet leaves when all before it has left; one
 * that does not come is waited for as long as sound can wait, and then it goes on without.
 */
export class SoundQueue {
  readonly #window = new PacketWindow(MAX_PACKETS, new PacketRoom(MAX_BYTES));
  #givenUp = 0;

  /** Nothing comes any more. */
  close(): void {
    this.#window.restart(0);
  }

  /** Bytes that it holds. */
  get bytes(): number {
    return this.#window.bytes;
  }

  /** Packets that it went on without. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** When packets are to be asked for, at the earliest. */
  get requestsDueMs(): number {
    return this.#window.missing.dueMs;
  }

  /** The numbers of the packets that are to be asked for now. */
  takeRequests(roundTripMs: number, nowMs: number): readonly number[] {
    return this.#window.missing.takeDue(roundTripMs, nowMs);
  }

  /** Takes a packet over. On overflow all that is held is let go of, and it begins with this one. */
  put(number: number, packet: ReceivedPacket, nowMs: number): QueueVerdict {
    const verdict = this.#window.put(number, packet, nowMs);
    if (verdict !== "overflow") return verdict;
    this.#givenUp += number - this.#window.begin;
    this.#window.restart(number);
    this.#window.put(number, packet, nowMs);
    return "overflow";
  }

  /** The source has begun anew, with this number: what is held is let go of. */
  restart(number: number): void {
    // Its numbers have nothing to do with those before.
    this.#givenUp += this.#window.end - this.#window.begin;
    this.#window.restart(number);
  }

  /** The next packet, which is not empty; `undefined` if there is none yet. */
  next(terms: ReceptionTerms, nowMs: number): ReceivedPacket | undefined {
    const window = this.#window;
    while (window.begin < window.end) {
      const packet = window.at(window.begin);
      if (packet === undefined && nowMs < this.dueMs(terms)) return undefined;
      window.forgetUntil(window.begin + 1);
      if (packet === undefined) this.#givenUp++;
      else if (packet.payload.length > 0) return packet;
    }
    return undefined;
  }

  /** When the packet that is waited for is given up; Infinity if none is. */
  dueMs({ roundTripMs, canAsk }: ReceptionTerms): number {
    const window = this.#window;
    if (window.begin >= window.end || window.at(window.begin) !== undefined) return Infinity;
    const sinceMs = window.missing.sinceMs(window.begin) ?? -Infinity;
    const askedMs = canAsk ? HOLD_ROUND_TRIPS * roundTripMs : 0;
    return sinceMs + Math.min(MAX_HOLD_MS, MIN_HOLD_MS + askedMs);
  }
}
