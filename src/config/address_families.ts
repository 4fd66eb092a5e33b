/** Which of the two kinds of addresses something is for. */
export interface AddressFamilies {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** Takes connections from both kinds where the system has IPv6, which all that Deno runs on do. */
const ANY_IPV6 = "::";

/**
 * The addresses from which a socket on `host` can be reached.
 *
 * @param host an IP address
 */
export function familiesOf(host: string): AddressFamilies {
  if (!host.includes(":")) return { ipv4: true, ipv6: false };
  return { ipv4: host === ANY_IPV6, ipv6: true };
}
