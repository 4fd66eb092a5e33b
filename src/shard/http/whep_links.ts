/** Addresses that the answer to a viewer's offer has. */
import { SESSION_EVENTS } from "./session_facts.ts";

const EVENTS_EXTENSION = "urn:ietf:params:whep:ext:core:server-sent-events";

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

/** The value of Link (RFC 8288): what there is for a viewer beside its session. */
export function viewerLinks(endpoint: string, id: string, query: string): string {
  const events = viewerLocation(endpoint, `${id}/events`, query);
  return `<${events}>; rel="${EVENTS_EXTENSION}"; events="${SESSION_EVENTS.join()}"`;
}
