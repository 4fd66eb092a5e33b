/**
 * What may be given up for others, by the address that it belongs to, oldest first. All is done in
 * the same time, however many there are: under attack it is done for each connection that comes.
 */
export class Newcomers<T> {
  readonly #byAddress = new Map<string, Set<T>>();
  /** Addresses by how many they have; the last of them is never empty. */
  readonly #byCount: Set<string>[] = [new Set()];

  add(address: string, item: T): void {
    const items = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, items);
    if (items.has(item)) return;
    items.add(item);
    this.#move(address, items.size - 1, items.size);
  }

  remove(address: string, item: T): void {
    const items = this.#byAddress.get(address);
    if (items === undefined || !items.delete(item)) return;
    if (items.size === 0) this.#byAddress.delete(address);
    this.#move(address, items.size + 1, items.size);
  }

  /** The oldest one of the address that has most; `undefined` if there is none. */
  get first(): T | undefined {
    const [address] = this.#byCount.at(-1)!;
    if (address === undefined) return undefined;
    const [oldest] = this.#byAddress.get(address)!;
    return oldest;
  }

  /** The oldest one of an address; `undefined` if it has none. */
  firstOf(address: string): T | undefined {
    const [oldest] = this.#byAddress.get(address) ?? [];
    return oldest;
  }

  #move(address: string, from: number, to: number): void {
    this.#byCount[from]?.delete(address);
    if (to > 0) (this.#byCount[to] ??= new Set()).add(address);
    while (this.#byCount.length > 1 && this.#byCount.at(-1)!.size === 0) this.#byCount.pop();
  }
}
