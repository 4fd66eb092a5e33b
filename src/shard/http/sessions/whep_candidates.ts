import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import { hostCandidates, type IceCandidate } from "../../../webrtc/ice/candidate.ts";
import { parseIpAddress, type TransportAddress } from "../../../address/transport_address.ts";
import type { ConnectionAddresses } from "../../net/connection_addresses.ts";
import type { ReachedFamilies, WebrtcSettings } from "../../shard_settings.ts";

/** Addresses that a request may name by `eip`. */
const MAX_EXTERNAL_ADDRESSES = 4;

/**
 * Where viewers reach this shard: what the request names, else the settings, else its own address.
 *
 * @throws {HttpError} if the request names something else
 */
export function viewerCandidates(
  query: URLSearchParams,
  { localAddr }: Pick<ConnectionAddresses, "localAddr">,
  { publicIps, udpPort, udpFamilies, tcpPort, tcpFamilies }: WebrtcSettings,
): IceCandidate[] {
  const named = query.getAll("eip").flatMap((value) => value.split(","))
    .slice(0, MAX_EXTERNAL_ADDRESSES);
  for (const address of named) {
    const isIp = parseIpAddress(address) !== undefined;
    if (isIp && isOf(tcpFamilies, address)) continue;
    const wanted = !isIp
      ? "an IP address"
      : `an ${tcpFamilies.ipv4 ? "IPv4" : "IPv6"} address, as the server listens on no other`;
    throw new HttpError(
      STATUS_CODE.BadRequest,
      `Cannot use eip: must be ${wanted}, got ${JSON.stringify(address.slice(0, 64))}`,
    );
  }
  const hosts = named.length > 0
    ? named
    : publicIps.length > 0
    ? publicIps
    : [unmapped(localAddr.hostname)];
  const addresses: TransportAddress[] = [];
  for (const hostname of hosts) {
    if (udpPort === undefined || !isOf(udpFamilies, hostname)) continue;
    addresses.push({ transport: "udp", hostname, port: udpPort });
  }
  for (const hostname of hosts) addresses.push({ transport: "tcp", hostname, port: tcpPort });
  return hostCandidates(addresses);
}

function isOf(families: ReachedFamilies, address: string): boolean {
  return address.includes(":") ? families.ipv6 : families.ipv4;
}

/** A socket for both families shows IPv4 addresses in the form of IPv6. */
function unmapped(hostname: string): string {
  return hostname.replace(/^::ffff:(?=\d+\.)/i, "");
}
