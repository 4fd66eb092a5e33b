import { assertEquals } from "@std/assert";
import { addressSource, peerSource, peerText } from "../../src/address/address_source.ts";

Deno.test("addressSource: an IPv4 address, however it is written, or an IPv6 network", () => {
  const sources: readonly (readonly [hostname: string, source: string])[] = [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:0:1::5", "2001:db8:0:1::/64"],
    ["2001:db8:0:1:ffff::9", "2001:db8:0:1::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["no address", "no address"],
  ];
  for (const [hostname, source] of sources) {
    assertEquals(addressSource(hostname), source);
    assertEquals(peerSource(peerText({ hostname, port: 5000 })), source);
  }
  assertEquals(peerText({ hostname: "2001:db8::1", port: 1 }), "[2001:db8::1]:1");
});
