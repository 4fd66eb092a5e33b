import { parseIpAddress } from "../webrtc/transport_address.ts";

/** Bytes of an IPv6 address that a network has: whoever has one address has all of it (RFC 6177). */
const IPV6_NETWORK_LENGTH = 8;

/** How many there are of something, by the address that they come from. */
export class AddressCounts {
  readonly #counts = new Map<string, number>();

  /** @param hostname an IP address; those of one IPv6 network (/64) count as one */
  of(hostname: string): number {
    return this.#counts.get(sourceOf(hostname)) ?? 0;
  }

  add(hostname: string): void {
    const source = sourceOf(hostname);
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + 1);
  }

  remove(hostname: string): void {
    const source = sourceOf(hostname);
    const left = (this.#counts.get(source) ?? 0) - 1;
    if (left > 0) this.#counts.set(source, left);
    else this.#counts.delete(source);
  }
}

function sourceOf(hostname: string): string {
  const bytes = parseIpAddress(hostname);
  if (bytes === undefined) return hostname;
  return bytes.subarray(0, Math.min(bytes.length, IPV6_NETWORK_LENGTH)).toHex();
}
