import { type AddressFamilies, familiesOf } from "./address_families.ts";
import { ConfigError } from "./config_error.ts";

/** An address that the gateway listens on. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** What it is for: "RTMP". */
  readonly purpose: string;
  /** The flag that chooses the port: "--rtmp-port". */
  readonly flag: string;
  /** TCP by default. */
  readonly over?: "tcp" | "udp" | "tcp and udp";
}

/** An address with port as URLs and Deno's permissions write it. */
export function hostWithPort({ host, port }: Pick<Endpoint, "host" | "port">): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A host that the gateway asks or tells something, as a setting names it. */
export interface Contact {
  /** An address or a name, without brackets. */
  readonly host: string;
  readonly port: number;
  /** What it is for: "access hook shop". */
  readonly purpose: string;
}

/**
 * Checks before anything is opened that every endpoint is granted and every host of a setting may be
 * reached, so that Deno asks no questions, and none of the gateway's fails for this later.
 *
 * @throws {ConfigError} naming all that is missing, and what grants it
 */
export function requirePermissions(
  endpoints: readonly Endpoint[],
  contacts: readonly Contact[],
): void {
  const closed = endpoints.filter((endpoint) => !isGranted(endpoint));
  const unreachable = contacts.filter((contact) => !isGranted(contact));
  if (closed.length === 0 && unreachable.length === 0) return;
  const refused = [
    ...(closed.length === 0 ? [] : [`to listen on ${placesInWords(closed)}`]),
    ...(unreachable.length === 0 ? [] : [`to reach ${placesInWords(unreachable)}`]),
  ];
  const remedy = unreachable.length === 0
    ? remedyOf(closed, endpoints)
    : profileRemedy([...closed, ...unreachable]);
  throw new ConfigError(`Not permitted ${refused.join(", nor ")}: ${remedy}`);
}

/** Whether Deno lets the program listen there, or reach it. */
export function isGranted(place: Pick<Endpoint, "host" | "port">): boolean {
  return isNetworkGranted(hostWithPort(place));
}

/** Each with what it is for: "0.0.0.0:8000, 0.0.0.0:8001 for WebRTC". */
export function placesInWords(places: readonly Contact[]): string {
  return [...Map.groupBy(places, ({ purpose }) => purpose)]
    .map(([purpose, places]) => `${places.map(hostWithPort).join(", ")} for ${purpose}`)
    .join(", ");
}

/** What to do where hosts are to be reached: of them, more may be named later. */
function profileRemedy(missing: readonly Contact[]): string {
  const profile = isNetworkGranted(ANY_IPV4) ? "default" : "strict";
  const entries = [...new Set(missing.map((place) => `"${hostWithPort(place)}"`))].join(", ");
  return "start it with `deno task start:net`, which may use the whole network, or add " +
    `${entries} to permissions.${profile}.net in deno.json`;
}

/** Any address will do: documentation's own are nobody's (RFC 5737, RFC 3849). */
const ANY_IPV4 = "192.0.2.1";
const ANY_IPV6 = "[2001:db8::1]";

/**
 * To whom a socket on `host` may send datagrams, of those that can send one to it: Deno asks for
 * permission for each address that is sent to, other than for connections that were accepted. For
 * IPv6 it knows no ranges: all of the network must be granted.
 */
export function udpFamiliesOf(host: string): AddressFamilies {
  const { ipv4, ipv6 } = familiesOf(host);
  return { ipv4: ipv4 && isNetworkGranted(ANY_IPV4), ipv6: ipv6 && isNetworkGranted(ANY_IPV6) };
}

/**
 * How many ports in a row from `port` on are granted, `count` at most: a default that needs a port
 * for each shard is to fit what is granted.
 */
export function grantedPortsFrom(host: string, port: number, count: number): number {
  for (let offset = 0; offset < count; offset++) {
    if (!isNetworkGranted(hostWithPort({ host, port: port + offset }))) return offset;
  }
  return count;
}

function isNetworkGranted(host: string): boolean {
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}

/** What to do: permissions are flags of Deno, which cannot be given behind `deno task start`. */
function remedyOf(closed: readonly Endpoint[], endpoints: readonly Endpoint[]): string {
  if (closed.some(({ host }) => host.includes(":"))) {
    return "start it with `deno task start:net`, which may use IPv6";
  }
  const all = endpoints.map(hostWithPort).join(",");
  const grant = `\`deno run --allow-net=${all} --ignore-env main.ts\` and the same flags`;
  if (!endpoints.some(isGranted)) return `start it with ${grant}`;
  const ports = closed.length === 1 ? "a granted port" : "granted ports";
  const flags = [...new Set(closed.map(({ flag }) => flag))].join(", ");
  return `choose ${ports} with ${flags}, or start it with ${grant}`;
}
