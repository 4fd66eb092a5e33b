import { type MemoryBudget, NO_HOLDER } from "../../stream/memory_budget.ts";
import { networkOf } from "../../address/address_source.ts";
import type { NetworkList } from "../../address/network_list.ts";

/** Whose share of the memory a peer's counts to: its address's, or its IPv6 network's (/64). */
export function holderOf(memory: MemoryBudget, hostname: string): number {
  return memory.holderOf(networkOf(hostname));
}

/** The same of who may be a trusted proxy: who is behind it has no share in common. */
export function peerHolderOf(
  memory: MemoryBudget,
  proxies: NetworkList,
  hostname: string,
): number {
  return proxies.has(hostname) ? NO_HOLDER : holderOf(memory, hostname);
}
