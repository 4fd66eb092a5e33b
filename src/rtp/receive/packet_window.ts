import { MissingPackets } from "./missing_packets.ts";
import type { PacketRoom } from "./packet_room.ts";
import type { ReceivedPacket } from "./received_packet.ts";

/** What a packet that is held takes beside its bytes: its views and its record. */
export const HELD_PACKET_BYTES = 512;

/** What became of a packet; "overflow" if there is no room for it, and nothing has changed. */
export type PutVerdict = "taken" | "duplicate" | "late" | "overflow";

/**
 * The newest packets of a source by their numbers, which do not wrap: those that were not passed on
 * yet, as far as they have come. What is missing between them is noted to be asked for.
 */
export class PacketWindow {
  readonly missing = new MissingPackets();
  readonly #slots: (ReceivedPacket | undefined)[];
  readonly #room: PacketRoom;
  #begin = 0;
  #end = 0;
  #bytes = 0;
  #isStarted = false;

  /**
   * @param packets that it holds at most: a power of two
   * @param room for their bytes
   */
  constructor(packets: number, room: PacketRoom) {
    this.#slots = Array.from({ length: packets }, () => undefined);
    this.#room = room;
  }

  /** The first number that was not passed on. */
  get begin(): number {
    return this.#begin;
  }

  /** Behind the highest number that came. */
  get end(): number {
    return this.#end;
  }

  /** Bytes of the datagrams that are held, and {@linkcode HELD_PACKET_BYTES} for each. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a packet over. The first one that is put is where the window begins. */
  put(number: number, packet: ReceivedPacket, nowMs: number): PutVerdict {
    if (!this.#isStarted) this.restart(number);
    if (number < this.#begin) return "late";
    const size = heldBytesOf(packet);
    const isBeyond = number >= this.#begin + this.#slots.length ||
      !this.#room.has(size);
    if (number < this.#end) {
      if (this.at(number) !== undefined) return "duplicate";
      if (isBeyond) return "overflow";
      this.missing.found(number);
    } else {
      if (isBeyond) return "overflow";
      this.missing.note(this.#end, number, nowMs);
      this.#end = number + 1;
    }
    this.#slots[this.#slotOf(number)] = packet;
    this.#hold(size);
    return "taken";
  }

  /** The packet of that number, if it has come and was not passed on. */
  at(number: number): ReceivedPacket | undefined {
    if (number < this.#begin || number >= this.#end) return undefined;
    return this.#slots[this.#slotOf(number)];
  }

  /** Lets go of all before `number`, which is not behind the end: it is not waited for any more. */
  forgetUntil(number: number): void {
    for (let at = this.#begin; at < number; at++) {
      const slot = this.#slotOf(at);
      const packet = this.#slots[slot];
      if (packet !== undefined) this.#hold(-heldBytesOf(packet));
      this.#slots[slot] = undefined;
    }
    this.#begin = number;
    this.missing.forgetUntil(number);
  }

  /** Lets go of everything, and begins with `number`. */
  restart(number: number): void {
    this.#isStarted = true;
    this.#slots.fill(undefined);
    this.#hold(-this.#bytes);
    this.#begin = this.#end = number;
    this.missing.clear();
  }

  /** @param bytes less than 0 of what is let go of */
  #hold(bytes: number): void {
    this.#bytes += bytes;
    this.#room.take(bytes);
  }

  #slotOf(number: number): number {
    return number & (this.#slots.length - 1);
  }
}

function heldBytesOf({ size }: ReceivedPacket): number {
  return size + HELD_PACKET_BYTES;
}
