import { addressSource } from "../address/address_source.ts";

/**
 * Questions that wait for an answer at the same time. An address may have as many as are free: one
 * alone has half of them, two have a third each, and there is always room for one that comes anew.
 */
export class FairShare {
  readonly #max: number;
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get total(): number {
    return this.#total;
  }

  /**
   * Takes a place.
   *
   * @returns what gives it back; `undefined` if the address has its share already
   */
  take(address: string | undefined): (() => void) | undefined {
    const source = address === undefined ? "" : addressSource(address);
    const count = this.#counts.get(source) ?? 0;
    if (count >= this.#max - this.#total) return undefined;
    this.#counts.set(source, count + 1);
    this.#total++;
    return () => this.#giveBack(source);
  }

  #giveBack(source: string): void {
    this.#total--;
    const count = this.#counts.get(source)! - 1;
    if (count === 0) this.#counts.delete(source);
    else this.#counts.set(source, count);
  }
}
