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
  /** Whether UDP has the same port. */
  readonly takesUdp?: boolean;
}

/** An address with port as URLs and Deno's permissions write it. */
export function hostWithPort({ host, port }: Pick<Endpoint, "host" | "port">): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Checks before anything is opened that every endpoint is granted, so that Deno asks no questions.
 *
 * @throws {ConfigError} naming what grants all that is needed
 */
export function requirePermissions(endpoints: readonly Endpoint[]): void {
  const missing = endpoints.find((endpoint) => !isGranted(endpoint));
  if (missing === undefined) return;
  throw new ConfigError(
    `Not permitted to listen on ${hostWithPort(missing)} for ${missing.purpose}: ` +
      remedy(missing, endpoints),
  );
}

function isGranted(endpoint: Endpoint): boolean {
  return isNetworkGranted(hostWithPort(endpoint));
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
 * Checks before anything is opened that every host of a setting may be reached, so that no question
 * fails for this later.
 *
 * @throws {ConfigError} naming the profile that may reach it, and the entry that would grant it
 */
export function requireContacts(contacts: readonly Contact[]): void {
  const missing = contacts.find((contact) => !isNetworkGranted(hostWithPort(contact)));
  if (missing === undefined) return;
  const profile = isNetworkGranted(ANY_IPV4) ? "default" : "strict";
  throw new ConfigError(
    `Not permitted to reach ${hostWithPort(missing)} for ${missing.purpose}: start it with ` +
      `\`deno task start:net\`, which may use the whole network, or add ` +
      `"${hostWithPort(missing)}" to permissions.${profile}.net in deno.json`,
  );
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
function remedy(missing: Endpoint, endpoints: readonly Endpoint[]): string {
  if (missing.host.includes(":")) return "start it with `deno task start:net`, which may use IPv6";
  const all = endpoints.map(hostWithPort).join(",");
  const grant = `\`deno run --allow-net=${all} --ignore-env main.ts\` and the same flags`;
  const isHostGranted = endpoints.some(isGranted);
  return isHostGranted
    ? `choose a granted port with ${missing.flag}, or start it with ${grant}`
    : `start it with ${grant}`;
}

/**
 * Sees that no two endpoints were given the same port.
 *
 * @throws {ConfigError} naming the flag that chooses another port
 */
export function requireDifferentPorts(endpoints: readonly Endpoint[]): void {
  for (const [at, endpoint] of endpoints.entries()) {
    if (endpoint.port === 0) continue;
    const taken = endpoints.slice(0, at).find(({ port }) => port === endpoint.port);
    if (taken === undefined) continue;
    throw new ConfigError(
      `Cannot listen on ${hostWithPort(endpoint)} for ${endpoint.purpose}: ${taken.purpose} has ` +
        `that port (${taken.flag}); choose another with ${endpoint.flag}`,
    );
  }
}

/**
 * Makes sure that nobody else listens there, and finds free ports where the port is 0. Shards share
 * their ports, and would silently share them with another gateway too, or with each other's service.
 *
 * @returns the ports, in the order of the endpoints; no two are the same
 * @throws {ConfigError} naming the flag that chooses another port
 */
export function probePorts<const Endpoints extends readonly Endpoint[]>(
  endpoints: Endpoints,
): { [Index in keyof Endpoints]: number } {
  requireDifferentPorts(endpoints);
  // All are held until the last is found.
  using listeners = new DisposableStack();
  const ports = endpoints.map((endpoint) => listeners.use(hold(endpoint)).port);
  return ports as { [Index in keyof Endpoints]: number };
}

/** Finding a number that is free for TCP and UDP alike may take so many numbers. */
const MAX_ATTEMPTS = 100;

/** What holds a port until all are found. */
interface Held extends Disposable {
  readonly port: number;
}

/** Takes an endpoint's port, for UDP as well if it is wanted there. */
function hold(endpoint: Endpoint): Held {
  for (let attempt = 1;; attempt++) {
    const tcp = open(endpoint, () => Deno.listen({ hostname: endpoint.host, port: endpoint.port }));
    const { port } = tcp.addr as Deno.NetAddr;
    if (endpoint.takesUdp !== true) return { port, [Symbol.dispose]: () => tcp.close() };
    try {
      const udp = open(overUdp(endpoint, port), () => listenUdp(endpoint.host, port));
      const dispose = () => {
        tcp.close();
        udp.close();
      };
      return { port, [Symbol.dispose]: dispose };
    } catch (error) {
      tcp.close();
      if (endpoint.port !== 0 || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function overUdp(endpoint: Endpoint, port: number): Endpoint {
  return { ...endpoint, port, purpose: `${endpoint.purpose} over UDP` };
}

function listenUdp(hostname: string, port: number): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port });
}

function open<Opened>(endpoint: Endpoint, listen: () => Opened): Opened {
  try {
    return listen();
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? `the port is in use; choose another with ${endpoint.flag}`
      : error instanceof Deno.errors.AddrNotAvailable
      ? "this machine has no such address; choose another with --host"
      : error instanceof Deno.errors.PermissionDenied
      ? `the system refuses it to this user; choose a port above 1023 with ${endpoint.flag}`
      : String(error);
    throw new ConfigError(
      `Cannot listen on ${hostWithPort(endpoint)} for ${endpoint.purpose}: ${reason}`,
    );
  }
}
