import type { ProxyHeader } from "../../src/proxy/proxy_header.ts";
import { bytesOf } from "../http/errors.ts";
import { fromHex } from "../../testing/mutation.ts";

/** A header of version 2. */
export function binaryHeader(
  versionAndCommand: number,
  protocol: number,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const signature = fromHex("0d0a0d0a000d0a515549540a");
  const { length } = body;
  return Uint8Array.of(
    ...signature,
    versionAndCommand,
    protocol,
    length >> 8,
    length & 255,
    ...body,
  );
}

/** Source and destination, the ports 51000 and 443. */
const IPV4 = fromHex("c0000207 c6336401 c738 01bb");
const IPV6 = fromHex(
  "20010db8000000000000000000000001 20010db8000000000000000000000002 c738 01bb",
);
/** An ALPN, an authority, a CRC that nobody checks, and one of no length. */
const TLVS = fromHex("01 0002 6832  02 0004 612e6263  03 0004 00000000  04 0000");

const client = (hostname: string) => ({ kind: "client", hostname, port: 51_000 } as const);

/** Headers as HAProxy, nginx and load balancers send them, and what they say. */
export const PROXY_SAMPLES: readonly (readonly [Uint8Array, ProxyHeader])[] = [
  [bytesOf("PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n"), client("192.0.2.7")],
  [
    bytesOf("PROXY TCP4 255.255.255.255 255.255.255.255 51000 65535\r\n"),
    client("255.255.255.255"),
  ],
  [bytesOf("PROXY TCP6 2001:db8::1 2001:db8::2 51000 443\r\n"), client("2001:db8::1")],
  [bytesOf("PROXY UNKNOWN\r\n"), { kind: "unnamed" }],
  [bytesOf("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), { kind: "unnamed" }],
  [binaryHeader(0x21, 0x11, IPV4), client("192.0.2.7")],
  [binaryHeader(0x21, 0x21, IPV6), client("2001:db8::1")],
  [binaryHeader(0x21, 0x11, Uint8Array.of(...IPV4, ...TLVS)), client("192.0.2.7")],
  // Health checks of the proxy itself.
  [binaryHeader(0x20, 0x00, new Uint8Array(0)), { kind: "unnamed" }],
  [binaryHeader(0x20, 0x11, Uint8Array.of(...IPV4, ...TLVS)), { kind: "unnamed" }],
  // By a Unix socket, over UDP, and of no family.
  [binaryHeader(0x21, 0x31, new Uint8Array(216)), { kind: "unnamed" }],
  [binaryHeader(0x21, 0x12, IPV4), { kind: "unnamed" }],
  [binaryHeader(0x21, 0x00, new Uint8Array(4096)), { kind: "unnamed" }],
];
