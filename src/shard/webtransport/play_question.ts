import { credentialsOf } from "../../access/credentials.ts";
import type { ConnectRequest } from "../../http3/connect_request.ts";
import type { NetworkList } from "../../address/network_list.ts";
import { isAnybodysSession } from "../../http/local_request.ts";
import { FLV_SUFFIX, unescapePath } from "../../stream/stream_path.ts";
import type { ViewerRequest } from "../live/ticket.ts";

/** What of a stream is asked for. */
export interface PlayTarget {
  /** Application and name. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** The stream that a session's path names, with or without ".flv" behind it; `undefined` if it names none. */
export function targetOf({ path }: Pick<ConnectRequest, "path">): PlayTarget | undefined {
  const url = URL.parse(`https://localhost${path}`);
  const named = url?.pathname.slice(1);
  const name = named?.endsWith(FLV_SUFFIX) ? named.slice(0, -FLV_SUFFIX.length) : named;
  const unescaped = name && unescapePath(`/${name}/`, "/");
  return url && unescaped ? { path: unescaped, query: url.searchParams } : undefined;
}

/** Whether somebody may watch: by its address only if that says who it is. */
export function playQuestion(
  request: ConnectRequest,
  target: PlayTarget,
  { id, hostname, proxies }: {
    readonly id: string;
    readonly hostname: string;
    readonly proxies: NetworkList;
  },
): ViewerRequest["asked"] {
  const { path, userAgent, authorization } = request;
  const isAnybodys = proxies.has(hostname) || isAnybodysSession(request, hostname);
  const query = path.split("?").slice(1).join("?");
  return {
    action: "play",
    path: target.path,
    protocol: "webtransport",
    address: isAnybodys ? undefined : hostname,
    credentials: credentialsOf({ query, authorization }),
    query,
    userAgent,
    id,
  };
}
