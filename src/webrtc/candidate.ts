import type { TransportAddress } from "./transport_address.ts";
import { WebrtcError } from "./webrtc_error.ts";

/** A longer line is no candidate: the longest of browsers have about 250 characters. */
export const MAX_CANDIDATE_LENGTH = 512;
/** Pairs of extension name and value that are looked at. */
const MAX_EXTENSIONS = 16;

export type CandidateType = "host" | "srflx" | "prflx" | "relay";
export type TcpType = "active" | "passive" | "so";

/** One ICE candidate (RFC 8839 5.1, RFC 6544 4.5). */
export interface IceCandidate {
  readonly foundation: string;
  /** 1, since RTP and RTCP share it. */
  readonly component: number;
  readonly transport: "udp" | "tcp";
  readonly priority: number;
  /** An IP address, or a name: browsers hide their host addresses behind `….local`. */
  readonly address: string;
  readonly port: number;
  readonly type: CandidateType;
  /** Only with TCP. */
  readonly tcpType: TcpType | undefined;
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
      component: 1,
      transport,
      priority: TYPE_PREFERENCE[transport] * 0x100_0000 + localPreference * 0x100 + 255,
      address: hostname,
      port,
      type: "host",
      tcpType: transport === "tcp" ? "passive" : undefined,
    };
  });
}

/** The value of an `a=` line: from `candidate:` on. */
export function formatCandidate(candidate: IceCandidate): string {
  const { foundation, component, transport, priority, address, port, type, tcpType } = candidate;
  const end = tcpType === undefined ? "" : ` tcptype ${tcpType}`;
  return `candidate:${foundation} ${component} ${transport} ${priority} ${address} ${port} ` +
    `typ ${type}${end}`;
}

const CANDIDATE =
  /^candidate:([\w+/-]{1,32}) (\d{1,3}) (\S{1,16}) (\d{1,10}) ([\w.:%-]{1,255}) (\d{1,5}) typ ([a-z]{1,16})((?: \S+)*) *$/i;
const TYPES: readonly CandidateType[] = ["host", "srflx", "prflx", "relay"];
const TCP_TYPES: readonly TcpType[] = ["active", "passive", "so"];

/**
 * Parses a candidate as `a=` lines and `RTCIceCandidate.candidate` hold it, from `candidate:` on;
 * `undefined` for a transport or type that is not known here, which are to be ignored (RFC 8839
 * 5.1).
 *
 * @throws {WebrtcError} if it is no candidate, or too long
 */
export function parseCandidate(text: string): IceCandidate | undefined {
  const match = text.length > MAX_CANDIDATE_LENGTH ? null : CANDIDATE.exec(text);
  if (match === null) throw refused("candidate:… of up to 512 characters", text);
  const [, foundation, component, transportText, priority, address, port, typeText, rest] = match;
  if (Number(port) > 65_535) throw refused("a port up to 65535", text);
  const transport = transportText!.toLowerCase();
  const type = TYPES.find((known) => known === typeText!.toLowerCase());
  if (type === undefined || (transport !== "udp" && transport !== "tcp")) return undefined;
  const tcpTypeText = extension(rest!, "tcptype")?.toLowerCase();
  const tcpType = TCP_TYPES.find((known) => known === tcpTypeText);
  if (transport === "tcp" && tcpType === undefined) throw refused("a tcptype with TCP", text);
  return {
    foundation: foundation!,
    component: Number(component),
    transport,
    priority: Number(priority),
    address: address!,
    port: Number(port),
    type,
    tcpType: transport === "tcp" ? tcpType : undefined,
  };
}

/** The value of an extension; names and values alternate. */
function extension(rest: string, name: string): string | undefined {
  const words = rest.trim().split(" ", 2 * MAX_EXTENSIONS);
  for (let at = 0; at + 1 < words.length; at += 2) {
    if (words[at]!.toLowerCase() === name) return words[at + 1];
  }
  return undefined;
}

function refused(wanted: string, text: string): WebrtcError {
  return new WebrtcError(
    `Cannot parse candidate: must be ${wanted}, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}
