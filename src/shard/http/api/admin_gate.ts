import { STATUS_CODE } from "@std/http/status";
import type { Access, AccessRequest } from "../../../access/access.ts";
import { hasCredentials } from "../../../access/credentials.ts";
import type { NetworkList } from "../../../address/network_list.ts";
import { hostsOf, isLocalRequest } from "../../../http/local_request.ts";
import type { WholeResponse } from "../../../http/response.ts";
import { problem } from "../routing/answers.ts";
import type { AdminSettings } from "../../shard_settings.ts";
import type { Cors } from "../routing/cors.ts";
import { questionOf } from "../routing/questions.ts";
import type { RoutedRequest, RouteGuard } from "../routing/route_table.ts";

/** RFC 6750 3. Not Basic: a browser would keep it, and send it for any page. */
const CHALLENGE = { "www-authenticate": 'Bearer realm="sluice"' };

/** What an administrator's requests are judged by. */
export interface AdminGateOptions {
  readonly settings: { readonly admin: Pick<AdminSettings, "hasToken"> };
  /** Knows the token, and what else may be given instead. */
  readonly access: Access;
  readonly cors: Cors;
  readonly proxies: NetworkList;
}

/**
 * Who may use the API: whoever has its token. Without a token, who sits at this machine may read, and
 * nobody may change anything.
 */
export class AdminGate implements RouteGuard {
  readonly #options: AdminGateOptions;

  constructor(options: AdminGateOptions) {
    this.#options = options;
  }

  async judge(routed: RoutedRequest): Promise<WholeResponse | number> {
    const { cors, proxies } = this.#options;
    if (cors.isForeign(routed.request)) {
      const message = "Cannot use the API from this page: corsOrigins does not name its origin";
      return problem(STATUS_CODE.Forbidden, message);
    }
    const asked = questionOf(routed, proxies, { action: "api", path: "", protocol: "http" });
    if (!hasCredentials(asked.credentials)) return this.#withoutCredentials(routed);
    return await this.#ask(asked);
  }

  #withoutCredentials({ request, addresses }: RoutedRequest): WholeResponse | number {
    if (this.#options.settings.admin.hasToken) {
      return problem(STATUS_CODE.Unauthorized, "Cannot use the API without its token", CHALLENGE);
    }
    const isReading = request.method === "GET" || request.method === "HEAD";
    const { peer } = addresses;
    if (isReading && peer !== undefined && isLocal(request, peer)) return Infinity;
    const message = isReading
      ? "Cannot read the API: no adminToken is configured, so that only a loopback address may"
      : "Cannot change anything by the API: no adminToken is configured";
    return problem(STATUS_CODE.Forbidden, message);
  }

  async #ask(asked: AccessRequest): Promise<WholeResponse | number> {
    const decision = await this.#options.access.decide(asked);
    if (decision.kind === "allow") return decision.expiresAtMs ?? Infinity;
    return decision.status === "unavailable"
      ? problem(STATUS_CODE.ServiceUnavailable, decision.reason)
      : problem(STATUS_CODE.Unauthorized, "Cannot use the API with these credentials", {
        "www-authenticate": `${CHALLENGE["www-authenticate"]}, error="invalid_token"`,
      });
  }
}

/** Whether who sits at this machine asks, by a name of it in Host and in the target alike. */
function isLocal({ target, headers, version }: RoutedRequest["request"], peer: string): boolean {
  // nginx, where nobody has told it otherwise, says of nobody, and calls itself by the name it knows.
  if (version === "1.0") return false;
  return isLocalRequest(headers, peer) && hostsOf({ target, headers })
    .every((host) => isLocalRequest(new Map([...headers, ["host", host]]), peer));
}
