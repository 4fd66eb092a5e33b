import { parseIpAddress } from "./transport_address.ts";

interface Network {
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/**
 * Addresses and networks that the configuration names, and whether an address is among them.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { NetworkList } from "./network_list.ts";
 *
 * assert(new NetworkList(["10.0.0.0/8"]).has("10.1.2.3"));
 * ```
 */
export class NetworkList {
  readonly #networks: readonly Network[];

  /** @param networks addresses, or networks such as "10.0.0.0/8", as the configuration checks them */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map((network) => {
      const [address, prefix] = network.split("/");
      const bytes = parseIpAddress(address!)!;
      return { bytes, prefixBits: prefix === undefined ? 8 * bytes.length : Number(prefix) };
    });
  }

  /** Whether an address is one of these or in one of these networks; never for what is no address. */
  has(hostname: string): boolean {
    if (this.#networks.length === 0) return false;
    const bytes = parseIpAddress(hostname);
    return bytes !== undefined && this.#networks.some((network) => contains(network, bytes));
  }
}

function contains({ bytes, prefixBits }: Network, address: Uint8Array): boolean {
  if (address.length !== bytes.length) return false;
  const wholeBytes = prefixBits >> 3;
  for (let at = 0; at < wholeBytes; at++) if (address[at] !== bytes[at]) return false;
  const rest = prefixBits & 7;
  return rest === 0 || (address[wholeBytes]! ^ bytes[wholeBytes]!) >> (8 - rest) === 0;
}
