import { parseIpAddress } from "../../webrtc/ice/transport_address.ts";

interface Network {
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/** The proxies that are believed when they say whom they serve. */
export class TrustedProxies {
  readonly #networks: readonly Network[];

  /** @param networks addresses, or networks such as "10.0.0.0/8", as the configuration checks them */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map((network) => {
      const [address, prefix] = network.split("/");
      const bytes = parseIpAddress(address!)!;
      return { bytes, prefixBits: prefix === undefined ? 8 * bytes.length : Number(prefix) };
    });
  }

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
