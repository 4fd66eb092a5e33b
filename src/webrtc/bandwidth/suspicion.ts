/** Something looks like congestion, and is to be confirmed. */
export class Suspicion {
  #sinceMs: number | undefined;
  #seemsBps = Infinity;
  #confirmations = 0;

  /** `undefined` as long as nothing does. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /** What the link seems to carry; Infinity if that cannot be told. */
  get seemsBps(): number {
    return this.#seemsBps;
  }

  /** One more sign of it. */
  raise(seemsBps: number, nowMs: number): void {
    this.#seemsBps = Math.min(this.#seemsBps, seemsBps);
    this.#sinceMs ??= nowMs;
  }

  /** It is confirmed once more. Returns how often it was. */
  confirm(seemsBps: number): number {
    this.#seemsBps = Math.min(this.#seemsBps, seemsBps);
    return ++this.#confirmations;
  }

  dispel(): void {
    this.#confirmations = 0;
    this.#sinceMs = undefined;
    this.#seemsBps = Infinity;
  }
}
