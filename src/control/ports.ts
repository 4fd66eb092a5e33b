import { accessContacts } from "../config/access_summary.ts";
import type { AddressFamilies } from "../config/address_families.ts";
import {
  type Endpoint,
  isGranted,
  requirePermissions,
  udpFamiliesOf,
} from "../config/permissions.ts";
import { probePorts, requireDifferentPorts } from "../config/port_probe.ts";
import type { Config } from "../config/schema.ts";

/** Where a gateway listens. */
export interface Ports {
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** For TLS; `undefined` without a certificate. */
  readonly rtmpsPort: number | undefined;
  readonly httpsPort: number | undefined;
  /** For API and metrics; `undefined` if they have the HTTP port. */
  readonly adminPort: number | undefined;
  /** One for each shard. */
  readonly webrtcPorts: readonly number[];
  /** One for each shard; `undefined` without WebTransport. */
  readonly webtransportPorts: readonly number[] | undefined;
  /** Whom WebRTC serves over UDP as well as over TCP. */
  readonly udpFamilies: AddressFamilies;
}

/**
 * Sees that everything may be listened on and every host that decisions need reached, and picks
 * numbers for the ports that are left open.
 *
 * @throws {ConfigError} if a port is in use, or something not permitted
 */
export function findPorts(config: Config): Ports {
  const udpFamilies = udpFamiliesOf(config.host);
  const endpoints = endpointsOf(config, udpFamilies.ipv4 || udpFamilies.ipv6);
  // Whoever permits what there was before goes on without it.
  const webtransport = webtransportEndpoints(config).filter(isGranted);
  const isServed = webtransport.length === config.shards;
  const all = isServed ? [...endpoints, ...webtransport] as const : endpoints;
  requirePermissions(all, accessContacts(config.access));
  const found = probePorts(all);
  const webtransportPorts = isServed ? found.slice(endpoints.length) : undefined;
  return { ...portsOf(found, config, udpFamilies), webtransportPorts };
}

/**
 * Sees whether the ports of a configuration go together, without a look at the machine.
 *
 * @throws {ConfigError} if two have the same number
 */
export function checkPorts(config: Config): void {
  requireDifferentPorts([...endpointsOf(config, true), ...webtransportEndpoints(config)]);
}

/** @param found in the order of {@linkcode endpointsOf} */
function portsOf(
  [rtmpPort, httpPort, ...others]: readonly [number, number, ...number[]],
  { tls, adminListen, shards }: Config,
  udpFamilies: AddressFamilies,
): Omit<Ports, "webtransportPorts"> {
  const rest = [...others];
  const [rtmpsPort, httpsPort] = tls === undefined ? [] : rest.splice(0, 2);
  const [adminPort] = adminListen === undefined ? [] : rest.splice(0, 1);
  const webrtcPorts = rest.slice(0, shards);
  return { rtmpPort, httpPort, rtmpsPort, httpsPort, adminPort, webrtcPorts, udpFamilies };
}

function endpointsOf(
  { host, rtmpPort, httpPort, rtmpsPort, httpsPort, tls, adminListen, webrtcPort, shards }: Config,
  takesUdp: boolean,
): readonly [Endpoint, Endpoint, ...Endpoint[]] {
  const over = takesUdp ? "tcp and udp" : "tcp";
  const webrtc = { host, purpose: "WebRTC", flag: "--webrtc-port", over } as const;
  const secure = [
    { host, port: rtmpsPort, purpose: "RTMPS", flag: "--rtmps-port" },
    { host, port: httpsPort, purpose: "HTTPS", flag: "--https-port" },
  ];
  return [
    { host, port: rtmpPort, purpose: "RTMP", flag: "--rtmp-port" },
    { host, port: httpPort, purpose: "HTTP", flag: "--http-port" },
    ...(tls === undefined ? [] : secure),
    ...(adminListen === undefined
      ? []
      : [{ ...adminListen, purpose: "API and metrics", flag: "--admin-listen" }]),
    ...Array.from({ length: shards }, (_, shard) => {
      return { ...webrtc, port: webrtcPort === 0 ? 0 : webrtcPort + shard };
    }),
  ];
}

function webtransportEndpoints(
  { host, webtransport, webtransportPort, shards }: Config,
): readonly Endpoint[] {
  if (webtransport === "off") return [];
  const endpoint = {
    host,
    purpose: "WebTransport",
    flag: "--webtransport-port",
    over: "udp",
  } as const;
  return Array.from({ length: shards }, (_, shard) => {
    return { ...endpoint, port: webtransportPort === 0 ? 0 : webtransportPort + shard };
  });
}
