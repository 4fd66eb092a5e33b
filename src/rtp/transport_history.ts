import { extendSequence } from "./sequence.ts";
import type { TransportFeedback } from "./transport_feedback.ts";

/** Packets that feedback can still tell about: three seconds of a usual stream. A power of two. */
const REMEMBERED_PACKETS = 1024;

/** Figures are of so long; feedback itself comes ten times as often, and would make them jump. */
const WINDOW_MS = 1000;

/** For so long and up to twice as long, the shortest way counts as that of an empty queue. */
const LEAST_DELAY_MS = 10_000;

/** Arrivals are told in steps of 250 µs. */
const TICKS_PER_MS = 4;

/** The receiver's clock, of 24 bits in steps of 64 ms, has wrapped if it seems to go so far back. */
const CLOCK_RANGE_MS = 2 ** 24 * 64;

/** States of a remembered packet. */
const UNREPORTED = 0;
const LOST = 1;
const RECEIVED = 2;

/** What a viewer told about the packets of its transport, all of its tracks together. */
export interface TransportReception {
  /** Feedback packets that were taken. */
  readonly feedbackCount: number;
  /** Packets that it told about, and those that have not arrived, since the beginning. */
  readonly reportedCount: number;
  readonly lostCount: number;
  /** What was lost of the last second's packets, 0 to 1; `undefined` before it has passed. */
  readonly lossFraction: number | undefined;
  /** Bits of RTP that arrived in the last second. */
  readonly receivedBitrateBps: number | undefined;
  /** How much longer packets were on their way than in the best of times: what queues add. */
  readonly queueingDelayMs: number | undefined;
  /** By how much that changed from one second to the next: above 0, a queue grows. */
  readonly queueingTrendMs: number | undefined;
}

/**
 * Remembers when packets with a transport-wide sequence number were sent, and learns from the
 * viewer's feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) how they arrived.
 *
 * Only differences count: the clocks of both sides have nothing in common. Memory is bounded, and
 * nothing is allocated by packet.
 *
 * @example
 * ```ts
 * import { TransportHistory } from "./transport_history.ts";
 *
 * const history = new TransportHistory();
 * history.sent(0, 1200, 5000);
 * history.snapshot().reportedCount; // 0: the viewer has not told yet
 * ```
 */
export class TransportHistory {
  readonly #sentMs = new Float64Array(REMEMBERED_PACKETS);
  readonly #sizes = new Uint16Array(REMEMBERED_PACKETS);
  readonly #states = new Uint8Array(REMEMBERED_PACKETS);
  #newest = -1;
  #feedbackCount = 0;
  #reportedCount = 0;
  #lostCount = 0;
  /** Of the window at work. */
  #windowMs: number | undefined;
  #windowReported = 0;
  #windowLost = 0;
  #windowBytes = 0;
  #delaySumMs = 0;
  #delayCount = 0;
  readonly #leastDelay = new LeastDelay();
  #receiverClockMs = 0;
  #clockWraps = 0;
  /** Of the last whole window. */
  #lossFraction: number | undefined;
  #receivedBitrateBps: number | undefined;
  #queueingDelayMs: number | undefined;
  #queueingTrendMs: number | undefined;

  /**
   * A packet is being sent.
   *
   * @param sequence growing by one from packet to packet, without wraps
   * @param size bytes of the datagram
   * @param nowMs on the clock of {@linkcode take}, which does not go back
   */
  sent(sequence: number, size: number, nowMs: number): void {
    const slot = sequence % REMEMBERED_PACKETS;
    this.#sentMs[slot] = nowMs;
    this.#sizes[slot] = size;
    this.#states[slot] = UNREPORTED;
    this.#newest = sequence;
  }

  /**
   * Takes the viewer's feedback; what it says about packets that are not remembered is passed over.
   * Whether a second is over, and {@linkcode snapshot} has new figures.
   */
  take(feedback: TransportFeedback, nowMs: number): boolean {
    this.#feedbackCount++;
    this.#windowMs ??= nowMs;
    const { arrivals, received } = feedback;
    const base = extendSequence(feedback.baseSequence, this.#newest);
    const clockMs = this.#receiverMs(feedback.referenceTimeMs);
    const first = Math.max(0, this.#newest - REMEMBERED_PACKETS + 1 - base, -base);
    const end = Math.min(feedback.statusCount, this.#newest + 1 - base);
    let next = 0;
    while (next < received.length && received[next]! < first) next++;
    for (let at = first; at < end; at++) {
      const slot = (base + at) % REMEMBERED_PACKETS;
      if (received[next] !== at) this.#noteLost(slot);
      else this.#noteReceived(slot, clockMs + arrivals[next++]! / TICKS_PER_MS, nowMs);
    }
    const windowMs = nowMs - this.#windowMs;
    if (windowMs < WINDOW_MS) return false;
    this.#closeWindow(windowMs, nowMs);
    return true;
  }

  snapshot(): TransportReception {
    return {
      feedbackCount: this.#feedbackCount,
      reportedCount: this.#reportedCount,
      lostCount: this.#lostCount,
      lossFraction: this.#lossFraction,
      receivedBitrateBps: this.#receivedBitrateBps,
      queueingDelayMs: this.#queueingDelayMs,
      queueingTrendMs: this.#queueingTrendMs,
    };
  }

  #noteLost(slot: number): void {
    if (this.#states[slot] !== UNREPORTED) return;
    this.#states[slot] = LOST;
    this.#reportedCount++;
    this.#lostCount++;
    this.#windowReported++;
    this.#windowLost++;
  }

  /** What was told to be missing may still come: packets overtake each other. */
  #noteReceived(slot: number, arrivedMs: number, nowMs: number): void {
    const before = this.#states[slot];
    if (before === RECEIVED) return;
    this.#states[slot] = RECEIVED;
    if (before === LOST) {
      this.#lostCount--;
      this.#windowLost--;
    } else {
      this.#reportedCount++;
      this.#windowReported++;
    }
    this.#windowBytes += this.#sizes[slot]!;
    const delayMs = arrivedMs - this.#sentMs[slot]!;
    this.#leastDelay.take(delayMs, nowMs);
    this.#delaySumMs += delayMs;
    this.#delayCount++;
  }

  #closeWindow(lengthMs: number, nowMs: number): void {
    const reported = this.#windowReported;
    // One that was lost in the window before, and came late, makes it negative.
    this.#lossFraction = reported === 0 ? 0 : Math.max(0, this.#windowLost) / reported;
    this.#receivedBitrateBps = Math.round(this.#windowBytes * 8000 / lengthMs);
    const beforeMs = this.#queueingDelayMs;
    this.#queueingDelayMs = this.#delayCount === 0
      ? undefined
      : Math.max(0, this.#delaySumMs / this.#delayCount - this.#leastDelay.valueMs);
    this.#queueingTrendMs = beforeMs === undefined || this.#queueingDelayMs === undefined
      ? undefined
      : this.#queueingDelayMs - beforeMs;
    this.#windowMs = nowMs;
    this.#windowReported = this.#windowLost = this.#windowBytes = 0;
    this.#delaySumMs = this.#delayCount = 0;
  }

  /** The receiver's reference time without its wraps, every twelve days. */
  #receiverMs(referenceTimeMs: number): number {
    if (referenceTimeMs - this.#receiverClockMs < -CLOCK_RANGE_MS / 2) this.#clockWraps++;
    this.#receiverClockMs = referenceTimeMs;
    return referenceTimeMs + this.#clockWraps * CLOCK_RANGE_MS;
  }
}

/** The least of the delays of a while: two halves, so that clocks which drift do not spoil it. */
class LeastDelay {
  #beforeMs = Infinity;
  #currentMs = Infinity;
  #sinceMs = -Infinity;

  get valueMs(): number {
    return Math.min(this.#beforeMs, this.#currentMs);
  }

  take(delayMs: number, nowMs: number): void {
    if (nowMs - this.#sinceMs >= LEAST_DELAY_MS) {
      this.#beforeMs = this.#currentMs;
      this.#currentMs = Infinity;
      this.#sinceMs = nowMs;
    }
    if (delayMs < this.#currentMs) this.#currentMs = delayMs;
  }
}
