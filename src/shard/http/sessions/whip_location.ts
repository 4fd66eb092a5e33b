const MAX_PREFIX_LENGTH = 256;

/** Segments of a path that need no escapes (RFC 3986 2.3); none of them leads upwards. */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+$/;

/**
 * The address of a publisher's session, with a token that came in the endpoint's query: it is needed
 * there too, and clients take the address as it is.
 *
 * It is a path from the root of the server, and not relative to the endpoint as that of a viewer: OBS
 * 30 takes for such a path whatever does not begin with "http". So a proxy that serves this under a
 * path of its own has to say which, by X-Forwarded-Prefix; that may come from anybody, as it is told
 * nobody else.
 *
 * @param endpoint path that the publisher came to
 * @param prefix X-Forwarded-Prefix, if it was sent
 */
export function publisherLocation(
  endpoint: string,
  id: string,
  query: URLSearchParams,
  prefix: string | undefined,
): string {
  const token = query.get("token");
  const suffix = token === null ? "" : `?token=${encodeURIComponent(token)}`;
  return `${readPrefix(prefix)}${endpoint.replace(/\/$/, "")}/${id}${suffix}`;
}

/** What cannot be one counts as none. */
function readPrefix(prefix = ""): string {
  const path = prefix.trim().replace(/\/$/, "");
  return path.length <= MAX_PREFIX_LENGTH && PREFIX.test(path) ? path : "";
}
