/** RFC 8446 5.1: the content type of a handshake, with which every client of TLS begins. */
const HANDSHAKE_RECORD = 0x16;

/** RTMP 5.2.2: the version, which is the first byte of a plain RTMP connection. */
const RTMP_VERSION = 3;

/** A method of HTTP and the space behind it. */
const HTTP_METHOD = /^[A-Z]{3,16} /;

/**
 * What a peer speaks in place of TLS, by the first bytes that it sent: "plain RTMP", "plain HTTP" or
 * "something else"; `undefined` if it may be TLS.
 *
 * @param bytes one or more
 *
 * @example
 * ```ts
 * import { plainProtocolOf } from "./first_bytes.ts";
 *
 * plainProtocolOf(new TextEncoder().encode("GET / HTTP/1.1\r\n")); // "plain HTTP"
 * plainProtocolOf(Uint8Array.of(0x16, 3, 1)); // undefined
 * ```
 */
export function plainProtocolOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] === HANDSHAKE_RECORD) return undefined;
  if (bytes[0] === RTMP_VERSION) return "plain RTMP";
  const text = String.fromCharCode(...bytes.subarray(0, 17));
  return HTTP_METHOD.test(text) ? "plain HTTP" : "something else";
}
