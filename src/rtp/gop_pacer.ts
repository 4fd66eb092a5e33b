/** Packets that leave together while a viewer catches up. */
export const BURST_PACKETS = 20;

/** Time between two such groups: 20 packets per 4 ms are 47 Mbit/s, which receivers' buffers bear. */
export const BURST_INTERVAL_MS = 4;

/** Of a {@linkcode GopPacer}; the defaults are above. */
export interface GopPacerOptions {
  readonly burstPackets?: number;
  readonly burstIntervalMs?: number;
}

/** Whether a viewer still catches up with the stream, or gets what is new as it comes. */
export type PaceState = "burst" | "live";

/**
 * Paces a viewer who starts at a key frame in the past: what lies between it and the head leaves in
 * small groups, so that the receiver's socket can hold it, and from then on at once.
 *
 * Time that passed without a call is not made up for: a late timer must not lead to a larger group.
 *
 * @example
 * ```ts
 * import { GopPacer } from "./gop_pacer.ts";
 *
 * const pacer = new GopPacer();
 * pacer.take(0, 30); // 20 packets now
 * pacer.take(1, 10); // 0: come back at 4
 * pacer.take(pacer.nextMs, 11); // 11, one of which is new: it has caught up
 * pacer.take(5, 40); // 40
 * ```
 */
export class GopPacer {
  readonly #burstPackets: number;
  readonly #burstIntervalMs: number;
  #state: PaceState = "burst";
  #nextMs = -Infinity;

  constructor(
    { burstPackets = BURST_PACKETS, burstIntervalMs = BURST_INTERVAL_MS }: GopPacerOptions = {},
  ) {
    this.#burstPackets = burstPackets;
    this.#burstIntervalMs = burstIntervalMs;
  }

  get state(): PaceState {
    return this.#state;
  }

  /** When {@linkcode take} will next grant packets to a viewer who catches up. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /**
   * How many packets may be sent now; they count as sent.
   *
   * @param nowMs on any clock that does not go back
   * @param waiting packets between the viewer's cursor and the head, of all tracks
   * @param room how many its link takes now, as long as it catches up
   */
  take(nowMs: number, waiting: number, room = Infinity): number {
    if (this.#state === "live") return waiting;
    if (nowMs < this.#nextMs || room <= 0) return 0;
    this.#nextMs = nowMs + this.#burstIntervalMs;
    const granted = Math.min(this.#burstPackets, room);
    if (waiting <= granted) this.#state = "live";
    return Math.min(waiting, granted);
  }

  /** Paces again: for a viewer who was sent back to a key frame. The last group still counts. */
  restart(): void {
    this.#state = "burst";
  }
}
