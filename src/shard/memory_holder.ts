import { type MemoryBudget, NO_HOLDER } from "../stream/memory_budget.ts";
import type { TrustedProxies } from "./trusted_proxies.ts";
import { parseIpAddress } from "../webrtc/transport_address.ts";

/** Bytes of an IPv6 address that a network has: whoever has one address has all of it (RFC 6177). */
const IPV6_NETWORK_LENGTH = 8;

/** Whose share of the memory a peer's counts to: its address's, or its IPv6 network's (/64). */
export function holderOf(memory: MemoryBudget, hostname: string): number {
  const address = parseIpAddress(hostname) ?? new TextEncoder().encode(hostname);
  return memory.holderOf(address.subarray(0, IPV6_NETWORK_LENGTH));
}

/** The same of who may be a trusted proxy: who is behind it has no share in common. */
export function peerHolderOf(
  memory: MemoryBudget,
  proxies: TrustedProxies,
  hostname: string,
): number {
  return proxies.has(hostname) ? NO_HOLDER : holderOf(memory, hostname);
}
