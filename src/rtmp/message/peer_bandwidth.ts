import { LIMIT_TYPE } from "./message.ts";

/**
 * The limit on what a side may send unacknowledged that its peer has set by Set Peer Bandwidth
 * (RTMP 5.4.5): hard limits count, soft ones only if they are narrower, dynamic ones are hard if
 * the last limit was, and nothing otherwise.
 */
export class PeerBandwidth {
  #size: number | undefined;
  #isHard = false;

  /** The limit in effect, in bytes; `undefined` if there is none. */
  get size(): number | undefined {
    return this.#size;
  }

  /** Takes a limit. Those of no known type are soft: the most harmless that says anything. */
  set(size: number, limitType: number): void {
    switch (limitType) {
      case LIMIT_TYPE.DYNAMIC:
        if (this.#isHard) this.#size = size;
        return;
      case LIMIT_TYPE.HARD:
        this.#isHard = true;
        this.#size = size;
        return;
      default:
        this.#isHard = false;
        this.#size = Math.min(size, this.#size ?? size);
    }
  }
}
