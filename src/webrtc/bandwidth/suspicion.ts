/** Something looks like congestion, and is to be confirmed. */
export class Suspicion {
  #sinceMs: number | undefined;
  #seemsBps = Infinity;

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

  dispel(): void {
    this.#sinceMs = undefined;
    this.#seemsBps = Infinity;
  }
}
