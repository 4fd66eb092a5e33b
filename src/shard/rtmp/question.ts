import type { AccessRequest } from "../../access/access.ts";
import { credentialsOf } from "../../access/credentials.ts";
import type { PlayEvent, PublishEvent } from "../../rtmp/session/event.ts";
import type { RtmpLink } from "./context.ts";

/** What somebody asks of who may who publishes or plays over RTMP. */
export function questionOf<Action extends AccessRequest["action"]>(
  { id, protocol, from, proxies, session: { connection } }: RtmpLink,
  action: Action,
  { streamId, query }: Pick<PublishEvent | PlayEvent, "streamId" | "query">,
  path: string,
): AccessRequest & { readonly action: Action; readonly protocol: RtmpLink["protocol"] } {
  return {
    action,
    path,
    protocol,
    // What a proxy serves without saying for whom has no address that means anything.
    address: proxies.has(from.hostname) ? undefined : from.hostname,
    credentials: credentialsOf({ query, tcUrl: connection?.tcUrl }),
    query,
    userAgent: connection?.flashVersion || undefined,
    // As good as all peers use one message stream.
    id: streamId === 1 ? id : `${id}.${streamId}`,
  };
}
