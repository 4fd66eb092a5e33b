/** Seconds in which an address may begin as many streams as it may have at a time. */
const REFILL_S = 10;

interface Allowance {
  /** Streams that may be begun at once. */
  left: number;
  atMs: number;
}

/**
 * How many new streams each address may begin: all that it may have at once, and then some each
 * second. To open a stream costs all shards something, and it is gone as soon as nothing is sent.
 */
export class OpeningRate {
  readonly #burst: number;
  readonly #allowances = new Map<string, Allowance>();

  /** @param burst streams that an address may have */
  constructor(burst: number) {
    this.#burst = burst;
  }

  /** Takes one from what an address may begin; false if there is nothing left. */
  take(network: string, nowMs: number): boolean {
    this.#forgetRested(nowMs);
    const allowance = this.#allowances.get(network) ?? { left: this.#burst, atMs: nowMs };
    const left = this.#leftOf(allowance, nowMs);
    // The newest last: those before it are looked at first.
    this.#allowances.delete(network);
    this.#allowances.set(network, { left: left >= 1 ? left - 1 : left, atMs: nowMs });
    return left >= 1;
  }

  #leftOf({ left, atMs }: Allowance, nowMs: number): number {
    return Math.min(this.#burst, left + (nowMs - atMs) / 1000 * this.#burst / REFILL_S);
  }

  /** Of those that may begin as many as ever, nothing needs to be known. */
  #forgetRested(nowMs: number): void {
    for (const [network, { atMs }] of this.#allowances) {
      if (nowMs - atMs < REFILL_S * 1000) return;
      this.#allowances.delete(network);
    }
  }
}
