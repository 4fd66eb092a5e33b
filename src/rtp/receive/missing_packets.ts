/** A packet may have been overtaken: it is asked for when it is not here after so long. */
const REORDERING_MS = 5;

/** A packet is asked for so often; browsers ask ten times. */
const MAX_REQUESTS = 10;

/** Least time between two requests for a packet, however short the round trip. */
const MIN_REQUEST_INTERVAL_MS = 20;

/** A request is repeated after so many round trips: the answer may take a little longer. */
const ROUND_TRIPS_PER_REQUEST = 1.2;

/**
 * Packets that may be missing at once. More are no loss to be mended packet by packet: a key frame
 * costs less.
 */
export const MAX_MISSING_PACKETS = 512;

interface MissingPacket {
  readonly sinceMs: number;
  dueMs: number;
  requests: number;
}

/**
 * The packets of a source that did not come, as numbers that do not wrap, and when they are to be
 * asked for: soon, and again after each round trip.
 */
export class MissingPackets {
  readonly #packets = new Map<number, MissingPacket>();
  /** No packet is due before. */
  #dueMs = Infinity;

  get count(): number {
    return this.#packets.size;
  }

  /** When {@linkcode takeDue} has something to tell at the earliest; Infinity if it never has. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** Since when the packet is missing; `undefined` if it is not, or too many are. */
  sinceMs(number: number): number | undefined {
    return this.#packets.get(number)?.sinceMs;
  }

  /** Notes that the packets from `begin` up to, not including, `end` did not come; numbers grow. */
  note(begin: number, end: number, nowMs: number): void {
    if (this.#packets.size + end - begin > MAX_MISSING_PACKETS) return this.clear();
    const dueMs = nowMs + REORDERING_MS;
    for (let number = begin; number < end; number++) {
      this.#packets.set(number, { sinceMs: nowMs, dueMs, requests: 0 });
    }
    if (end > begin) this.#dueMs = Math.min(this.#dueMs, dueMs);
  }

  /** The packet has come. */
  found(number: number): void {
    if (this.#packets.delete(number) && this.#packets.size === 0) this.#dueMs = Infinity;
  }

  /** Nothing before `number` is missed any more. */
  forgetUntil(number: number): void {
    for (const missing of this.#packets.keys()) {
      if (missing >= number) break;
      this.#packets.delete(missing);
    }
    if (this.#packets.size === 0) this.#dueMs = Infinity;
  }

  clear(): void {
    this.#packets.clear();
    this.#dueMs = Infinity;
  }

  /** The packets that are to be asked for now, in order: they are taken to be asked for. */
  takeDue(roundTripMs: number, nowMs: number): readonly number[] {
    if (nowMs < this.#dueMs) return [];
    const due: number[] = [];
    const intervalMs = Math.max(MIN_REQUEST_INTERVAL_MS, roundTripMs * ROUND_TRIPS_PER_REQUEST);
    let dueMs = Infinity;
    for (const [number, packet] of this.#packets) {
      if (nowMs >= packet.dueMs) {
        due.push(number);
        packet.requests++;
        packet.dueMs = packet.requests < MAX_REQUESTS ? nowMs + intervalMs : Infinity;
      }
      dueMs = Math.min(dueMs, packet.dueMs);
    }
    this.#dueMs = dueMs;
    return due;
  }
}
