/** Where a datagram came from or goes to; a `Deno.NetAddr` is one. */
export interface TransportAddress {
  readonly transport: "udp" | "tcp";
  /** An IPv4 or IPv6 address as text. */
  readonly hostname: string;
  readonly port: number;
}

/** The longest text of an IPv6 address, and a zone of up to 16 characters. */
const MAX_TEXT_LENGTH = 45 + 17;
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const IPV6_GROUP = /^[0-9a-f]{1,4}$/i;

/** Whether both name the same end: datagrams of one belong to the other. */
export function sameTransportAddress(left: TransportAddress, right: TransportAddress): boolean {
  return left.port === right.port && left.hostname === right.hostname &&
    left.transport === right.transport;
}

/**
 * The 4 or 16 bytes of an IP address (RFC 4291 2.2); `undefined` if it is none.
 *
 * A zone (`%eth0`) is dropped. An IPv4-mapped address gives 4 bytes: a socket that listens for both
 * families shows IPv4 peers so, and they do not know themselves by that name.
 */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  if (!text.includes(":")) return parseIpv4(text);
  const zoneAt = text.indexOf("%");
  const bytes = parseIpv6(zoneAt < 0 ? text : text.slice(0, zoneAt));
  return bytes !== undefined && isIpv4Mapped(bytes) ? bytes.subarray(12) : bytes;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const match = IPV4.exec(text);
  if (match === null) return undefined;
  const bytes = new Uint8Array(4);
  for (let at = 0; at < 4; at++) {
    const value = Number(match[at + 1]);
    if (value > 255) return undefined;
    bytes[at] = value;
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const front = parseGroups(halves[0]!, halves.length === 1);
  const back = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (front === undefined || back === undefined) return undefined;
  const missing = 16 - front.length - back.length;
  // "::" stands for at least one group; without it nothing may be missing.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(front);
  bytes.set(back, 16 - back.length);
  return bytes;
}

/** Bytes of groups between colons; the last may be an IPv4 address if `atEnd`. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (let at = 0; at < groups.length; at++) {
    const group = groups[at]!;
    if (atEnd && at === groups.length - 1 && group.includes(".")) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === undefined) return undefined;
      bytes.push(...ipv4);
    } else {
      if (!IPV6_GROUP.test(group)) return undefined;
      const value = parseInt(group, 16);
      bytes.push(Math.floor(value / 256), value % 256);
    }
  }
  return bytes.length > 16 ? undefined : bytes;
}

function isIpv4Mapped(bytes: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}
