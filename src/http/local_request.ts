import type { RequestHead } from "./request_head.ts";

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/i;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d*)?$/i;

const OWN_HOST = /^(?:[a-z0-9_-]+|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d*)?$/i;

/** What a proxy in front says, of which nobody knows whether it may say so. */
const PROXY_HEADERS = /^(?:forwarded|via|x-real-ip|x-forwarded-.*)$/;

/** What a browser says of a request that no page has made, or one of the same origin. */
const OWN_SITES: ReadonlySet<string> = new Set(["none", "same-origin"]);

/**
 * Whether a request comes from this machine, and by the wish of somebody who sits at it. That an
 * address is a loopback one is not enough: a proxy on the machine has it too, and so has a browser
 * that a page elsewhere uses, by a name that it lets point here.
 *
 * @param headers by name in lower case
 * @param peer address of the connection's other end, as it says itself: of a proxy, not of its client
 */
export function isLocalRequest(headers: ReadonlyMap<string, string>, peer: string): boolean {
  const host = headers.get("host") ?? "";
  if (!LOOPBACK.test(peer) || !LOOPBACK_HOST.test(host)) return false;
  return !isFromPageElsewhere(headers) && !isProxied(headers);
}

/** What a request says that it has come to, with ports: in Host, and where the target is a URL in that. */
export function hostsOf(
  { target, headers }: Pick<RequestHead, "target" | "headers">,
): readonly string[] {
  const host = headers.get("host") ?? "";
  // RFC 9112 3.2.2: what stands in the target counts instead of Host.
  return target.startsWith("/") ? [host] : [host, URL.parse(target)?.host ?? ""];
}

/**
 * Whether a host is an address, or a name without a dot. Whoever has a name in the DNS can let it point
 * anywhere, and have a browser that comes by it read what is there; these nobody has.
 */
export function isOwnHost(host: string): boolean {
  return OWN_HOST.test(host);
}

/**
 * Whether a request seems to come from this machine, and may be anybody's: a proxy on it has passed it
 * on, or a page elsewhere uses a browser on it, be it by a name that it lets point here.
 */
export function isAnybodysHere(
  { target, headers, version }: Pick<RequestHead, "target" | "headers" | "version">,
  peer: string,
): boolean {
  if (!LOOPBACK.test(peer)) return false;
  // nginx, where nobody has told it otherwise, says of nobody, and calls itself by the name it knows.
  return version === "1.0" || isProxied(headers) || isFromPageElsewhere(headers) ||
    !hostsOf({ target, headers }).every(isOwnHost);
}

/**
 * The same of a session of WebTransport, which has a port of its own: a page is this server's if its host
 * name is.
 *
 * @param origin of the page; `undefined` if it is no browser that asks
 * @param authority what it has come to, with its port
 */
export function isAnybodysSession(
  { origin, authority }: {
    readonly origin: string | undefined;
    readonly authority: string;
  },
  peer: string,
): boolean {
  if (!LOOPBACK.test(peer)) return false;
  const own = URL.parse(`https://${authority}`)?.hostname;
  return !isOwnHost(authority) || (origin !== undefined && URL.parse(origin)?.hostname !== own);
}

/** Whether a browser says that a page has made it that is not this server's. */
function isFromPageElsewhere(headers: ReadonlyMap<string, string>): boolean {
  const origin = headers.get("origin");
  const host = URL.parse(`http://${headers.get("host") ?? ""}`)?.host;
  return (origin !== undefined && URL.parse(origin)?.host !== host) ||
    !OWN_SITES.has(headers.get("sec-fetch-site") ?? "none");
}

function isProxied(headers: ReadonlyMap<string, string>): boolean {
  return headers.keys().some((name) => PROXY_HEADERS.test(name));
}
