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
 * @throws {ConfigError} naming the flag that grants what is missing
 */
export function requirePermissions(endpoints: readonly Endpoint[]): void {
  const missing = endpoints.find((endpoint) =>
    Deno.permissions.querySync({ name: "net", host: hostWithPort(endpoint) }).state !== "granted"
  );
  if (missing === undefined) return;
  const all = endpoints.map(hostWithPort).join(",");
  throw new ConfigError(
    `Not permitted to listen on ${hostWithPort(missing)} for ${missing.purpose}: ` +
      `grant it with --allow-net=${all}, or choose a granted port with ${missing.flag}`,
  );
}

/**
 * Makes sure that nobody else listens there, and finds a free port where the port is 0. Shards share
 * their ports, and would silently share them with another gateway too.
 *
 * @returns the port
 * @throws {ConfigError} naming the flag that chooses another port
 */
export function probePort(endpoint: Endpoint): number {
  const address = hostWithPort(endpoint);
  try {
    const listener = Deno.listen({ hostname: endpoint.host, port: endpoint.port });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    return port;
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? `the port is in use; choose another with ${endpoint.flag}`
      : error instanceof Deno.errors.AddrNotAvailable
      ? "this machine has no such address; choose another with --host"
      : error instanceof Deno.errors.PermissionDenied
      ? `the system refuses it to this user; choose a port above 1023 with ${endpoint.flag}`
      : String(error);
    throw new ConfigError(`Cannot listen on ${address} for ${endpoint.purpose}: ${reason}`);
  }
}
