/** What a link does to packets. */
export interface LinkConditions {
  readonly capacityBps: number;
  /** What its queue holds, by the time that it takes to empty: what comes beyond is dropped. */
  readonly queueMs: number;
  /** There and back, without any queue. */
  readonly roundTripMs: number;
  /** What it carries at once when it had nothing to carry before; nothing by default. */
  readonly burstBytes?: number;
  /** Of the packets that are carried, lost by chance on either way, 0 to 1. */
  readonly lossFraction: number;
}

interface QueuedPacket {
  readonly bytes: number;
  readonly sentMs: number;
  readonly arrived: (atMs: number) => void;
}

interface Arrival {
  readonly atMs: number;
  readonly arrived: (atMs: number) => void;
}

/**
 * A link in simulated time: one queue that is emptied at its capacity, a delay and chance behind it,
 * and a way back that is wide. All who share it send into the same queue.
 *
 * @example
 * ```ts
 * import { SimulatedLink } from "./simulated_link.ts";
 *
 * const conditions = { capacityBps: 1_000_000, queueMs: 300, roundTripMs: 20, lossFraction: 0 };
 * const link = new SimulatedLink(conditions, () => 0.5);
 * let arrivedMs = 0;
 * link.send(1250, 0, (atMs) => arrivedMs = atMs);
 * link.advance(100);
 * arrivedMs; // 20: 10 in the queue, 10 on the way
 * ```
 */
export class SimulatedLink {
  #conditions: LinkConditions;
  readonly #random: () => number;
  readonly #queue: QueuedPacket[] = [];
  #queuedBytes = 0;
  /** When the packet before the first of the queue has left it. */
  #freeMs = 0;
  /** On their way, those of each way in the order of their arrival. */
  readonly #there: Arrival[] = [];
  readonly #back: Arrival[] = [];
  #droppedCount = 0;

  /** @param random 0 to 1, as `Math.random` gives it: seeded, a test repeats itself */
  constructor(conditions: LinkConditions, random: () => number) {
    this.#conditions = conditions;
    this.#random = random;
  }

  /** Packets that found the queue full. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** How long a packet that came now would wait. */
  get queueMs(): number {
    return this.#queuedBytes * 8000 / this.#conditions.capacityBps;
  }

  /** From now on, it is another one; what is queued stays. */
  change(conditions: Partial<LinkConditions>, nowMs: number): void {
    this.advance(nowMs);
    this.#conditions = { ...this.#conditions, ...conditions };
  }

  /** Sends a packet; `arrived` is called within {@linkcode advance}, unless it is lost. */
  send(bytes: number, nowMs: number, arrived: (atMs: number) => void): void {
    this.#empty(nowMs);
    if (this.queueMs > this.#conditions.queueMs) {
      this.#droppedCount++;
      return;
    }
    this.#queue.push({ bytes, sentMs: nowMs, arrived });
    this.#queuedBytes += bytes;
  }

  /** Sends something small back. */
  answer(nowMs: number, arrived: (atMs: number) => void): void {
    const { roundTripMs, lossFraction } = this.#conditions;
    if (this.#random() < lossFraction) return;
    this.#back.push({ atMs: nowMs + roundTripMs / 2, arrived });
    this.#back.sort((one, other) => one.atMs - other.atMs);
  }

  /** Tells of all that has arrived, in its order. */
  advance(nowMs: number): void {
    this.#empty(nowMs);
    for (;;) {
      const there = this.#there[0]?.atMs ?? Infinity;
      const back = this.#back[0]?.atMs ?? Infinity;
      if (Math.min(there, back) > nowMs) return;
      const { atMs, arrived } = (there <= back ? this.#there : this.#back).shift()!;
      arrived(atMs);
    }
  }

  #empty(nowMs: number): void {
    const { capacityBps, roundTripMs, lossFraction, burstBytes = 0 } = this.#conditions;
    const burstMs = burstBytes * 8000 / capacityBps;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const paidMs = Math.max(this.#freeMs, first.sentMs - burstMs) +
        first.bytes * 8000 / capacityBps;
      const leftMs = Math.max(paidMs, first.sentMs);
      if (leftMs > nowMs) return;
      this.#freeMs = paidMs;
      this.#queue.shift();
      this.#queuedBytes -= first.bytes;
      if (this.#random() < lossFraction) continue;
      this.#there.push({ atMs: leftMs + roundTripMs / 2, arrived: first.arrived });
    }
  }
}
