/**
 * How often one packet is sent again when it is asked for: who needs it more often loses nearly
 * everything. What goes with it unasked does not count: pictures stand still until the next key frame
 * where a packet is lost for good.
 */
const MAX_RESENDS_OF_PACKET = 3;

/** Packets that are remembered: more than a viewer may have sent again in a second. */
const REMEMBERED_PACKETS = 1024;

/** Between two resends of a packet whose viewer has not told its round trip. */
export const UNKNOWN_ROUND_TRIP_MS = 50;

/**
 * Which packets of a track were sent again, how often and when. Memory is bounded: a packet that is
 * as far behind as another that was sent again has had its time.
 */
export class ResendHistory {
  readonly #indexes = new Float64Array(REMEMBERED_PACKETS).fill(-1);
  readonly #counts = new Uint8Array(REMEMBERED_PACKETS);
  readonly #sentMs = new Float64Array(REMEMBERED_PACKETS);

  /**
   * Whether a packet may be sent again now, which is noted: the one before must have had the time to
   * arrive, and to be asked for once more.
   *
   * @param index of the packet, which does not wrap
   */
  take(index: number, nowMs: number, roundTripMs: number): boolean {
    const slot = index % REMEMBERED_PACKETS;
    const remembered = this.#indexes[slot]!;
    if (index < remembered) return false;
    if (index > remembered) {
      this.#indexes[slot] = index;
      this.#counts[slot] = 0;
    } else if (
      this.#counts[slot] === MAX_RESENDS_OF_PACKET || nowMs - this.#sentMs[slot]! < roundTripMs
    ) {
      return false;
    }
    this.#counts[slot]!++;
    this.#sentMs[slot] = nowMs;
    return true;
  }

  /** Whether a packet that has just been sent again is still known, so that it may go once more. */
  takeTwin(index: number, nowMs: number): boolean {
    const slot = index % REMEMBERED_PACKETS;
    if (this.#indexes[slot] !== index) return false;
    this.#sentMs[slot] = nowMs;
    return true;
  }
}
