import type { AccessDecision, AccessRequest, Refused } from "../../../access/access.ts";
import { credentialsOf } from "../../../access/credentials.ts";
import { isAnybodysHere } from "../../../http/local_request.ts";
import type { HttpResponse, WholeResponse } from "../../../http/response.ts";
import type { NetworkList } from "../../../address/network_list.ts";
import { problem, RETRY_AFTER_SECONDS } from "./answers.ts";
import type { SessionCaller } from "./forwarded_request.ts";
import type { RoutedRequest } from "./route_table.ts";

const REALM = 'realm="sluice"';

/** Browsers ask their user for a name and a password where they can, in front of the page. */
const BROWSER = /^Mozilla\//;

const STATUSES = { unauthorized: 401, forbidden: 403, unavailable: 503 } as const;

/** What a request asks of who may. */
export function questionOf<Asked extends Pick<AccessRequest, "action" | "path" | "protocol">>(
  routed: RoutedRequest,
  proxies: NetworkList,
  asked: Asked,
): AccessRequest & Asked {
  return { ...callerOf(routed, proxies, asked.protocol), ...asked };
}

/** Who asks, and what it brings, where it is not known yet what may be asked for. */
export function callerOf(
  routed: RoutedRequest,
  proxies: NetworkList,
  protocol: AccessRequest["protocol"],
): SessionCaller {
  const { request: { headers }, url, addresses: { id } } = routed;
  const query = url.search.slice(1);
  return {
    protocol,
    address: clientAddress(routed, proxies),
    credentials: credentialsOf({ query, authorization: headers.get("authorization") }),
    query,
    userAgent: headers.get("user-agent"),
    id,
  };
}

/**
 * The address by which a client is judged; `undefined` where it means nothing: it is that of a proxy
 * which does not say whom it serves, or is not trusted to; or of a browser on this machine that a page
 * elsewhere uses.
 */
export function clientAddress(
  { request, addresses: { peer, remoteAddr: { hostname } } }: RoutedRequest,
  proxies: NetworkList,
): string | undefined {
  // Whom a trusted proxy has told may be of this machine as well.
  const isUntold = hostname === peer && isAnybodysHere(request, hostname);
  return proxies.has(hostname) || isUntold ? undefined : hostname;
}

/** Goes on with a decision: at once if it is there. */
export function whenDecided(
  decision: AccessDecision | Promise<AccessDecision>,
  answer: (decision: AccessDecision) => HttpResponse,
): HttpResponse | Promise<HttpResponse> {
  return decision instanceof Promise ? decision.then(answer) : answer(decision);
}

/** The answer to who is kept out: the same whatever there is behind it. */
export function refusedAnswer(
  { status, reason }: Refused,
  userAgent: string | undefined,
): WholeResponse {
  return problem(STATUSES[status], reason, {
    "cache-control": "no-store",
    ...(status === "unauthorized" && { "www-authenticate": challenge(userAgent ?? "") }),
    ...(status === "unavailable" && { "retry-after": `${RETRY_AFTER_SECONDS}` }),
  });
}

/** Players send a name and a password only where they are asked for them. */
function challenge(userAgent: string): string {
  return BROWSER.test(userAgent) ? `Bearer ${REALM}` : `Bearer ${REALM}, Basic ${REALM}`;
}
