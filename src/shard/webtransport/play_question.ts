import { credentialsOf } from "../../access/credentials.ts";
import type { ConnectRequest } from "../../http3/connect_request.ts";
import { unescapePath } from "../../stream/stream_path.ts";
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
  const name = url?.pathname.slice(1).replace(/\.flv$/, "");
  const unescaped = name && unescapePath(`/${name}/`, "/");
  return url && unescaped ? { path: unescaped, query: url.searchParams } : undefined;
}

/** Whether somebody may watch. */
export function playQuestion(
  { path, userAgent, authorization }: ConnectRequest,
  target: PlayTarget,
  { id, hostname }: { readonly id: string; readonly hostname: string },
): ViewerRequest["asked"] {
  const query = path.split("?").slice(1).join("?");
  return {
    action: "play",
    path: target.path,
    protocol: "webtransport",
    address: hostname,
    credentials: credentialsOf({ query, authorization }),
    query,
    userAgent,
    id,
  };
}
