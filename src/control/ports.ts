import type { AddressFamilies } from "../config/address_families.ts";
import {
  type Endpoint,
  probePorts,
  requirePermissions,
  udpFamiliesOf,
} from "../config/permissions.ts";
import type { Config } from "../config/schema.ts";

/** Where a gateway listens. */
export interface Ports {
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** For TLS; `undefined` without a certificate. */
  readonly rtmpsPort: number | undefined;
  readonly httpsPort: number | undefined;
  /** One for each shard. */
  readonly webrtcPorts: readonly number[];
  /** Whom WebRTC serves over UDP as well as over TCP. */
  readonly udpFamilies: AddressFamilies;
}

/**
 * Sees that everything may be listened on, and picks numbers for the ports that are left open.
 *
 * @throws {ConfigError} if a port is in use or not permitted
 */
export function findPorts(config: Config): Ports {
  const udpFamilies = udpFamiliesOf(config.host);
  const endpoints = endpointsOf(config, udpFamilies.ipv4 || udpFamilies.ipv6);
  requirePermissions(endpoints);
  return portsOf(probePorts(endpoints), config, udpFamilies);
}

/** @param found in the order of {@linkcode endpointsOf} */
function portsOf(
  [rtmpPort, httpPort, ...others]: readonly [number, number, ...number[]],
  { tls }: Config,
  udpFamilies: AddressFamilies,
): Ports {
  const [rtmpsPort, httpsPort] = tls === undefined ? [] : others;
  const webrtcPorts = others.slice(tls === undefined ? 0 : 2);
  return { rtmpPort, httpPort, rtmpsPort, httpsPort, webrtcPorts, udpFamilies };
}

function endpointsOf(
  { host, rtmpPort, httpPort, rtmpsPort, httpsPort, tls, webrtcPort, shards }: Config,
  takesUdp: boolean,
): readonly [Endpoint, Endpoint, ...Endpoint[]] {
  const webrtc = { host, purpose: "WebRTC", flag: "--webrtc-port", takesUdp };
  const secure = [
    { host, port: rtmpsPort, purpose: "RTMPS", flag: "--rtmps-port" },
    { host, port: httpsPort, purpose: "HTTPS", flag: "--https-port" },
  ];
  return [
    { host, port: rtmpPort, purpose: "RTMP", flag: "--rtmp-port" },
    { host, port: httpPort, purpose: "HTTP", flag: "--http-port" },
    ...(tls === undefined ? [] : secure),
    ...Array.from({ length: shards }, (_, shard) => {
      return { ...webrtc, port: webrtcPort === 0 ? 0 : webrtcPort + shard };
    }),
  ];
}
