import type { TransportAddress } from "../../address/transport_address.ts";

/** One ICE candidate of a server: a host's, for RTP and RTCP alike (RFC 8839 5.1, RFC 6544 4.5). */
export interface IceCandidate {
  readonly foundation: string;
  readonly transport: "udp" | "tcp";
  readonly priority: number;
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  /** Only with TCP. */
  readonly tcpType: "passive" | undefined;
}

/** RFC 8445 5.1.2.2 recommends 126 for host candidates; TCP lower, so that UDP is preferred. */
const TYPE_PREFERENCE = { udp: 126, tcp: 90 } as const;
/** RFC 6544 4.2: the upper three bits of a TCP candidate's local preference, for passive ones. */
const PASSIVE_DIRECTION = 4;

/**
 * The host candidates of a server, the preferred first: each UDP address, and each TCP one as
 * passive.
 */
export function hostCandidates(addresses: readonly TransportAddress[]): IceCandidate[] {
  return addresses.map(({ transport, hostname, port }, index) => {
    const localPreference = transport === "udp"
      ? 0xffff - index
      : PASSIVE_DIRECTION * 0x2000 + 0x1fff - index;
    return {
      foundation: `${index + 1}`,
      transport,
      priority: TYPE_PREFERENCE[transport] * 0x100_0000 + localPreference * 0x100 + 255,
      address: hostname,
      port,
      tcpType: transport === "tcp" ? "passive" : undefined,
    };
  });
}

/** The value of an `a=` line: from `candidate:` on. */
export function formatCandidate(candidate: IceCandidate): string {
  const { foundation, transport, priority, address, port, tcpType } = candidate;
  const end = tcpType === undefined ? "" : ` tcptype ${tcpType}`;
  return `candidate:${foundation} 1 ${transport} ${priority} ${address} ${port} typ host${end}`;
}
