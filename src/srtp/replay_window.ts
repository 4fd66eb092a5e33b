/** Which of the last 64 packets have been received (RFC 3711 3.3.2). */

/** How far behind the newest index a packet may come. */
const REPLAY_WINDOW_SIZE = 64;

/** Refuses indexes that were taken before, and those too old to know. */
export class ReplayWindow {
  #newest = -1;
  /** Bit `n`: index `newest - n` has been taken. */
  #taken = 0n;

  /** Whether `index` is neither taken nor too old. */
  isFresh(index: number): boolean {
    const age = this.#newest - index;
    if (age < 0) return true;
    return age < REPLAY_WINDOW_SIZE && (this.#taken >> BigInt(age) & 1n) === 0n;
  }

  /** Takes a fresh `index`: only after its packet proved authentic. */
  take(index: number): void {
    const advance = index - this.#newest;
    if (advance <= 0) {
      this.#taken |= 1n << BigInt(-advance);
      return;
    }
    const kept = advance < REPLAY_WINDOW_SIZE ? this.#taken << BigInt(advance) : 0n;
    this.#taken = BigInt.asUintN(REPLAY_WINDOW_SIZE, kept | 1n);
    this.#newest = index;
  }
}
