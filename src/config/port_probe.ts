import { ConfigError } from "./config_error.ts";
import { type Endpoint, hostWithPort, placesInWords } from "./permissions.ts";

/**
 * Sees that no two endpoints were given the same port.
 *
 * @throws {ConfigError} naming the flag that chooses another port
 */
export function requireDifferentPorts(endpoints: readonly Endpoint[]): void {
  for (const [at, endpoint] of endpoints.entries()) {
    if (endpoint.port === 0) continue;
    const taken = endpoints.slice(0, at).find((other) =>
      other.port === endpoint.port && doShare(other, endpoint)
    );
    if (taken === undefined) continue;
    throw new ConfigError(
      `Cannot listen on ${hostWithPort(endpoint)} for ${endpoint.purpose}: ${taken.purpose} has ` +
        `that port (${taken.flag}); choose another with ${endpoint.flag}`,
    );
  }
}

/** Whether both have a transport in common: TCP and UDP have ports of their own. */
function doShare({ over: one = "tcp" }: Endpoint, { over: other = "tcp" }: Endpoint): boolean {
  return one === other || one === "tcp and udp" || other === "tcp and udp";
}

/**
 * Makes sure that nobody else listens there, and finds free ports where the port is 0. Shards share
 * their ports, and would silently share them with another gateway too, or with each other's service.
 *
 * @returns the ports, in the order of the endpoints; no two are the same
 * @throws {ConfigError} naming all that cannot be listened on, and the flags that choose other ports
 */
export function probePorts<const Endpoints extends readonly Endpoint[]>(
  endpoints: Endpoints,
): { [Index in keyof Endpoints]: number } {
  requireDifferentPorts(endpoints);
  // All are held until the last is found.
  using listeners = new DisposableStack();
  const all = endpoints.map((endpoint) => {
    const one = hold(endpoint);
    if ("port" in one) listeners.use(one);
    return one;
  });
  const refused = all.flatMap((one) => "reason" in one ? one : []);
  if (refused.length > 0) throw new ConfigError(refusalText(refused));
  const ports = all.flatMap((one) => "port" in one ? one.port : []);
  return ports as { [Index in keyof Endpoints]: number };
}

/** Finding a number that is free for TCP and UDP alike may take so many numbers. */
const MAX_ATTEMPTS = 100;

/** What holds a port until all are found. */
interface Held extends Disposable {
  readonly port: number;
}

/** An endpoint that cannot be listened on. */
interface Refused {
  readonly endpoint: Endpoint;
  /** A member of {@linkcode REMEDIES}, or in the words of the system. */
  readonly reason: string;
}

/** What to do, by why so many cannot be listened on. */
const REMEDIES: Readonly<Record<string, (count: number, flags: string) => string>> = {
  "in use": (count, flags) =>
    count === 1
      ? `the port is in use; choose another with ${flags}`
      : `these ports are in use; choose others with ${flags}`,
  "no address": () => "this machine has no such address; choose another with --host",
  "denied": (count, flags) =>
    count === 1
      ? `the system refuses it to this user; choose a port above 1023 with ${flags}`
      : `the system refuses them to this user; choose ports above 1023 with ${flags}`,
};

function refusalText(refused: readonly Refused[]): string {
  const texts = [...Map.groupBy(refused, ({ reason }) => reason)].map(([reason, refused]) => {
    const endpoints = refused.map(({ endpoint }) => endpoint);
    const flags = [...new Set(endpoints.map(({ flag }) => flag))].join(", ");
    const remedy = REMEDIES[reason]?.(endpoints.length, flags) ?? reason;
    return `on ${placesInWords(endpoints)}: ${remedy}`;
  });
  return `Cannot listen ${texts.join("; nor ")}`;
}

/** Takes an endpoint's port, for UDP as well if it is wanted there. */
function hold(endpoint: Endpoint): Held | Refused {
  if (endpoint.over === "udp") return holdUdp(endpoint, endpoint.port);
  for (let attempt = 1;; attempt++) {
    const tcp = open(endpoint, () => Deno.listen({ hostname: endpoint.host, port: endpoint.port }));
    if ("reason" in tcp) return tcp;
    const { port } = tcp.addr as Deno.NetAddr;
    if (endpoint.over !== "tcp and udp") return { port, [Symbol.dispose]: () => tcp.close() };
    const udp = holdUdp(overUdp(endpoint, port), port);
    if (!("reason" in udp)) {
      const dispose = () => {
        tcp.close();
        udp[Symbol.dispose]();
      };
      return { port, [Symbol.dispose]: dispose };
    }
    tcp.close();
    if (endpoint.port !== 0 || attempt === MAX_ATTEMPTS) return udp;
  }
}

function holdUdp(endpoint: Endpoint, port: number): Held | Refused {
  const udp = open(endpoint, () => listenUdp(endpoint.host, port));
  if ("reason" in udp) return udp;
  return { port: (udp.addr as Deno.NetAddr).port, [Symbol.dispose]: () => udp.close() };
}

function overUdp(endpoint: Endpoint, port: number): Endpoint {
  return { ...endpoint, port, purpose: `${endpoint.purpose} over UDP` };
}

function listenUdp(hostname: string, port: number): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port });
}

function open<Opened>(endpoint: Endpoint, listen: () => Opened): Opened | Refused {
  try {
    return listen();
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "in use"
      : error instanceof Deno.errors.AddrNotAvailable
      ? "no address"
      : error instanceof Deno.errors.PermissionDenied
      ? "denied"
      : String(error);
    return { endpoint, reason };
  }
}
