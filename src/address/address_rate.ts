import { Allowance } from "./allowance.ts";

/** How often each address may do something that costs others: see {@linkcode Allowance}. */
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
    this.#forgetWhole(nowMs);
    const allowance = this.#allowances.get(network) ?? new Allowance(this.#burst, nowMs);
    // The newest last: those before it are looked at first.
    this.#allowances.delete(network);
    this.#allowances.set(network, allowance);
    return allowance.take(nowMs);
  }

  #forgetWhole(nowMs: number): void {
    for (const [network, allowance] of this.#allowances) {
      if (!allowance.isWhole(nowMs)) return;
      this.#allowances.delete(network);
    }
  }
}
