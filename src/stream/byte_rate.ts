/** What is so old counts for a third of what is new: over all, the mean is of some thirty seconds. */
const WINDOW_MS = 15_000;

/** How much comes or goes, as a mean in which what is old counts less. Costs two numbers. */
export class ByteRate {
  #bytes = 0;
  #spentMs = 0;

  /** Takes what came in the time since the call before, which is not 0. */
  note(bytes: number, spentMs: number): void {
    const kept = Math.exp(-spentMs / WINDOW_MS);
    const countedMs = WINDOW_MS * (1 - kept);
    this.#bytes = this.#bytes * kept + bytes * countedMs / spentMs;
    this.#spentMs = this.#spentMs * kept + countedMs;
  }

  /** Of what has come so far, be it less than the window. */
  get kbps(): number {
    return this.#spentMs === 0 ? 0 : Math.round(this.#bytes * 8 / this.#spentMs);
  }
}
