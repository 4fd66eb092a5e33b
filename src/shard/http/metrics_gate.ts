import { credentialsOf } from "../../access/credentials.ts";
import { KnownToken } from "../../access/known_token.ts";
import { NetworkList } from "../../address/network_list.ts";
import type { WholeResponse } from "../../http/response.ts";
import type { ShardSettings } from "../shard_settings.ts";
import type { RoutedRequest, RouteGuard } from "./route_table.ts";

/**
 * Who may read the metrics: whoever has their token, or comes from one of their addresses, so that
 * Prometheus need not be able to do all that an administrator can; and who may use the API.
 */
export class MetricsGate implements RouteGuard {
  readonly #token: KnownToken | undefined;
  readonly #addresses: NetworkList;
  readonly #admin: RouteGuard;

  constructor({ token, addresses }: ShardSettings["metrics"], admin: RouteGuard) {
    this.#token = token === undefined ? undefined : new KnownToken(token);
    this.#addresses = new NetworkList(addresses);
    this.#admin = admin;
  }

  async refusal(routed: RoutedRequest): Promise<WholeResponse | undefined> {
    const { request, url, addresses } = routed;
    const { token, password } = credentialsOf({
      query: url.search.slice(1),
      authorization: request.headers.get("authorization"),
    });
    const given = token ?? password;
    if (given !== undefined && this.#token?.is(given)) return undefined;
    if (given === undefined && this.#addresses.has(addresses.remoteAddr.hostname)) return undefined;
    return await this.#admin.refusal(routed);
  }
}
