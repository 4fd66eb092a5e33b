/** Which of the last packets have been received (RFC 3711 3.3.2). */

/** How far behind the newest index a packet may come, if nothing else is said. */
const REPLAY_WINDOW_SIZE = 64;

/** Refuses indexes that were taken before, and those too old to know. */
export class ReplayWindow {
  #newest = -1;
  /** Where index modulo size is: whether that index, of the last ones, has been taken. */
  readonly #taken: Uint8Array;

  /** @param size how far behind the newest index a packet may come */
  constructor(size = REPLAY_WINDOW_SIZE) {
    this.#taken = new Uint8Array(size);
  }

  /** The newest index that was taken; -1 if none was. */
  get newest(): number {
    return this.#newest;
  }

  /** Whether `index` is neither taken nor too old. */
  isFresh(index: number): boolean {
    const age = this.#newest - index;
    if (age < 0) return true;
    const { length } = this.#taken;
    return age < length && this.#taken[index % length] === 0;
  }

  /** Takes a fresh `index`: only after its packet proved authentic. */
  take(index: number): void {
    const { length } = this.#taken;
    if (index - this.#newest >= length) this.#taken.fill(0);
    else {
      for (let skipped = this.#newest + 1; skipped < index; skipped++) {
        this.#taken[skipped % length] = 0;
      }
    }
    this.#taken[index % length] = 1;
    this.#newest = Math.max(this.#newest, index);
  }
}
