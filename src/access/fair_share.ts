import { addressSource } from "../address/address_source.ts";

/**
 * What waits for other servers at the same time, such as questions for their answers. An address may have as many as are free: one
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
   * @param max places, of which this may be one: less than all leave some for what matters more
   * @returns what gives it back; `undefined` if the address has its share already
   */
  take(address: string | undefined, max = this.#max): (() => void) | undefined {
    const source = address === undefined ? "" : addressSource(address);
    const count = this.#counts.get(source) ?? 0;
    if (count >= max - this.#total) return undefined;
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
