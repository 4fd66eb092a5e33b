import { addressSource } from "./address_source.ts";

/** How many there are of something, by the address that they come from. */
export class AddressCounts {
  readonly #counts = new Map<string, number>();

  /** @param hostname an IP address; those of one IPv6 network (/64) count as one */
  of(hostname: string): number {
    return this.#counts.get(addressSource(hostname)) ?? 0;
  }

  add(hostname: string): void {
    const source = addressSource(hostname);
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + 1);
  }

  remove(hostname: string): void {
    const source = addressSource(hostname);
    const left = (this.#counts.get(source) ?? 0) - 1;
    if (left > 0) this.#counts.set(source, left);
    else this.#counts.delete(source);
  }
}
