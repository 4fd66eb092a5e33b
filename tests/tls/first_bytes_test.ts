import { assertEquals } from "@std/assert";
import { plainProtocolOf } from "../../src/tls/first_bytes.ts";

const ascii = (text: string) => new TextEncoder().encode(text);

const BEGINNINGS: readonly (readonly [bytes: Uint8Array, protocol: string | undefined])[] = [
  [Uint8Array.of(0x16, 3, 1, 2, 0), undefined],
  [Uint8Array.of(0x16), undefined],
  [Uint8Array.of(3, 0, 0, 0, 0), "plain RTMP"],
  [Uint8Array.of(3), "plain RTMP"],
  [ascii("GET / HTTP/1.1\r\n"), "plain HTTP"],
  [ascii("OPTIONS * HTTP/1.1\r\n"), "plain HTTP"],
  [ascii("GET"), "something else"],
  [ascii("get / HTTP/1.1"), "something else"],
  [ascii("A".repeat(40) + " "), "something else"],
  [Uint8Array.of(0x15, 3, 1, 0, 2), "something else"],
  [Uint8Array.of(0x80, 0x2e, 1), "something else"],
  [Uint8Array.of(0), "something else"],
];

Deno.test("plainProtocolOf: what a peer speaks in place of TLS", () => {
  for (const [bytes, protocol] of BEGINNINGS) assertEquals(plainProtocolOf(bytes), protocol);
});
