/** Seconds in which an address may do again all that it may do at once. */
const REFILL_S = 10;

interface Allowance {
  /** Times that it may be done at once. */
  left: number;
  atMs: number;
}

/**
 * How often each address may do something that costs others: some times at once, and then a tenth as
 * often each second.
 */
export class AddressRate {
  readonly #burst: number;
  readonly #allowances = new Map<string, Allowance>();

  /** @param burst times that an address may do it at once */
  constructor(burst: number) {
    this.#burst = burst;
  }

  /**
   * Takes one from what an address may do; false if there is nothing left.
   *
   * @param network whom the address belongs to
   */
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

  /** Of those that may do it as often as ever, nothing needs to be known. */
  #forgetRested(nowMs: number): void {
    for (const [network, { atMs }] of this.#allowances) {
      if (nowMs - atMs < REFILL_S * 1000) return;
      this.#allowances.delete(network);
    }
  }
}
