import { AddressRate } from "../address/address_rate.ts";
import { addressSource } from "../address/address_source.ts";
import type { AccessRequest, Refused } from "./access.ts";
import { refuse } from "./source.ts";

/**
 * How often an address may ask where nothing else comes of a question, so that credentials could be
 * tried as fast as they are sent.
 */
export class QuestionRate {
  readonly #rate: AddressRate;

  /** @param burst questions that an address may ask at once; a tenth of them each second follows */
  constructor(burst: number) {
    this.#rate = new AddressRate(burst);
  }

  /** Counts a question; a refusal if it is one too many. */
  refusal({ address }: Pick<AccessRequest, "address">, nowMs: number): Refused | undefined {
    // Those whom a proxy does not tell are one.
    const network = address === undefined ? "" : addressSource(address);
    if (this.#rate.take(network, nowMs)) return undefined;
    return refuse("unavailable", "too many questions", "rate");
  }
}
