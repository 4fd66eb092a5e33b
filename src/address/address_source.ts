import { parseIpAddress, type TransportAddress } from "./transport_address.ts";

/** Bytes of an IPv6 address that a network has: whoever has one address has all of it (RFC 6177). */
const IPV6_NETWORK_LENGTH = 8;

/** The bytes of {@linkcode addressSource}, of what is no address those of its text. */
export function networkOf(hostname: string): Uint8Array {
  const bytes = parseIpAddress(hostname) ?? new TextEncoder().encode(hostname);
  return bytes.subarray(0, IPV6_NETWORK_LENGTH);
}

/**
 * Whom an address belongs to, for limits and for folding: an IPv4 address as it is, of IPv6 its
 * network ("2001:db8:0:1::/64"); what is no address stands for itself.
 */
export function addressSource(hostname: string): string {
  const bytes = parseIpAddress(hostname);
  if (bytes === undefined) return hostname;
  if (bytes.length === 4) return bytes.join(".");
  const groups: string[] = [];
  for (let at = 0; at < IPV6_NETWORK_LENGTH; at += 2) {
    groups.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16));
  }
  return `${groups.join(":")}::/64`;
}

/** Address and port as URLs have them: "192.0.2.1:1935", "[2001:db8::1]:1935". */
export function peerText({ hostname, port }: Pick<TransportAddress, "hostname" | "port">): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** {@linkcode addressSource} of what {@linkcode peerText} wrote. */
export function peerSource(peer: string): string {
  return addressSource(peer.slice(0, Math.max(0, peer.lastIndexOf(":"))).replaceAll(/[[\]]/g, ""));
}
