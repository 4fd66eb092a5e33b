/** Addresses of viewers, and of what they have beside. */
import { SESSION_EVENTS } from "./session_facts.ts";

const EXTENSION = "urn:ietf:params:whep:ext:core:";

/**
 * The address of a viewer, relative to that of the endpoint which it came to: a proxy in front may
 * serve this under a path of its own, of which nothing is known here. A token that came in the
 * endpoint's query is in it: it is needed there too, and clients take the address as it is.
 *
 * @param resource the viewer's id, and what is behind it
 */
export function viewerLocation(endpoint: string, resource: string, query: string): string {
  const token = new URLSearchParams(query).get("token");
  const suffix = token === null ? "" : `?token=${encodeURIComponent(token)}`;
  return `${endpoint.endsWith("/") ? "" : "whep/"}${resource}${suffix}`;
}

/**
 * The value of Link (RFC 8288): what there is for a viewer beside its session.
 *
 * @param endpoint and the others as of {@linkcode viewerLocation}
 */
export function viewerLinks(
  endpoint: string,
  id: string,
  query: string,
  { hasLayers }: { readonly hasLayers: boolean },
): string {
  const link = (part: string, extension: string) =>
    `<${viewerLocation(endpoint, `${id}/${part}`, query)}>; rel="${EXTENSION}${extension}"`;
  const events = `${link("events", "server-sent-events")}; events="${SESSION_EVENTS.join()}"`;
  return hasLayers ? `${events}, ${link("layer", "layer")}` : events;
}

/** The shard that a session is on, as its id says; `undefined` if it is the id of none. */
export function shardOf(resource: string): number | undefined {
  const shard = /^(\d{1,3})\./.exec(resource)?.[1];
  return shard === undefined ? undefined : Number(shard);
}
