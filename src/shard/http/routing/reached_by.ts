import type { NetworkList } from "../../../address/network_list.ts";
import type { ShardSettings } from "../../shard_settings.ts";
import type { RoutedRequest } from "./route_table.ts";

/** By which name, and how, a client has reached this server. */
export interface ReachedBy {
  /** As URLs have it: an IPv6 address in brackets. */
  readonly hostname: string;
  readonly isSecure: boolean;
}

/**
 * How a client has reached this server, as the request says, or the proxy that it came by, if that is
 * trusted. Anybody may write any name: it is good for what that client is told, and for nothing else.
 */
export function reachedBy(
  { request: { headers }, addresses: { localAddr, peer } }: RoutedRequest,
  proxies: NetworkList,
  { tls }: Pick<ShardSettings, "tls">,
): ReachedBy {
  const isProxied = peer !== undefined && proxies.has(peer);
  const forwarded = (name: string) => isProxied ? headers.get(`x-forwarded-${name}`) : undefined;
  const host = forwarded("host") ?? headers.get("host");
  const { hostname } = localAddr;
  return {
    hostname: URL.parse(`http://${host}`)?.hostname ||
      (hostname.includes(":") ? `[${hostname}]` : hostname),
    isSecure: (forwarded("proto") ?? (localAddr.port === tls?.httpsPort ? "https" : "http")) ===
      "https",
  };
}
