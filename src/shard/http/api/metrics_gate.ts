import { credentialsOf } from "../../../access/credentials.ts";
import { isSameSecret } from "../../../access/same_secret.ts";
import { NetworkList } from "../../../address/network_list.ts";
import { hostsOf, isOwnHost } from "../../../http/local_request.ts";
import type { WholeResponse } from "../../../http/response.ts";
import type { ShardSettings } from "../../shard_settings.ts";
import { clientAddress } from "../routing/questions.ts";
import type { RoutedRequest, RouteGuard } from "../routing/route_table.ts";

/** What scrapes are judged by. */
export interface MetricsGateOptions {
  /** They may change. */
  readonly settings: Pick<ShardSettings, "metrics">;
  /** What one of them serves without saying for whom has no address of anybody. */
  readonly proxies: NetworkList;
  /** Sees to who may use the API. */
  readonly admin: RouteGuard;
}

/**
 * Who may read the metrics: whoever has their token, or comes from one of their addresses, so that
 * Prometheus need not be able to do all that an administrator can; and who may use the API.
 */
export class MetricsGate implements RouteGuard {
  readonly #options: MetricsGateOptions;

  constructor(options: MetricsGateOptions) {
    this.#options = options;
  }

  async judge(routed: RoutedRequest): Promise<WholeResponse | number> {
    const { request, url } = routed;
    const { settings: { metrics }, admin, proxies } = this.#options;
    const address = clientAddress(routed, proxies);
    const { token, password } = credentialsOf({
      query: url.search.slice(1),
      authorization: request.headers.get("authorization"),
    });
    const given = token ?? password;
    const isAllowed = given === undefined
      // A page elsewhere may have a browser at such an address come by a name of its own.
      ? address !== undefined && new NetworkList(metrics.addresses).has(address) &&
        hostsOf(request).every(isOwnHost)
      : metrics.token !== undefined && isSameSecret(given, metrics.token);
    return isAllowed ? Infinity : await admin.judge(routed);
  }
}
