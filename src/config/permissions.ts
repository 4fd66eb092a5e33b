import { ConfigError } from "./config_error.ts";

/** An address that the gateway listens on. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** What it is for: "RTMP". */
  readonly purpose: string;
  /** The flag that chooses the port: "--rtmp-port". */
  readonly flag: string;
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
  const host = hostWithPort(endpoint);
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}

/** What to do: permissions are flags of Deno, which cannot be given behind `deno task start`. */
function remedy(missing: Endpoint, endpoints: readonly Endpoint[]): string {
  if (missing.host.includes(":")) return "start it with `deno task start:dual`, which may use IPv6";
  const all = endpoints.map(hostWithPort).join(",");
  const grant = `\`deno run --allow-net=${all} --ignore-env main.ts\` and the same flags`;
  const isHostGranted = endpoints.some(isGranted);
  return isHostGranted
    ? `choose a granted port with ${missing.flag}, or start it with ${grant}`
    : `start it with ${grant}`;
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
  // All are held until the last is found.
  using listeners = new DisposableStack();
  const ports = endpoints.map((endpoint) => {
    const { addr } = listeners.use(listen(endpoint));
    return (addr as Deno.NetAddr).port;
  });
  return ports as { [Index in keyof Endpoints]: number };
}

function listen(endpoint: Endpoint): Deno.Listener {
  try {
    return Deno.listen({ hostname: endpoint.host, port: endpoint.port });
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
