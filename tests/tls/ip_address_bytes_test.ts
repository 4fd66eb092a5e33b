import { assertEquals } from "@std/assert";
import { ipAddressBytes } from "../../src/tls/ip_address_bytes.ts";
import { toHex } from "../../testing/mutation.ts";

const ADDRESSES: readonly (readonly [address: string, hex: string])[] = [
  ["0.0.0.0", "00000000"],
  ["192.0.2.255", "c00002ff"],
  ["::", "00".repeat(16)],
  ["::1", "00".repeat(15) + "01"],
  ["2001:DB8::", "20010db8" + "00".repeat(12)],
  ["2001:db8::8:800:200c:417a", "20010db8000000000008" + "0800200c417a"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["::ffff:192.0.2.1", "00".repeat(10) + "ffffc0000201"],
  ["fe80::1%eth0", "fe80" + "00".repeat(13) + "01"],
];

Deno.test("ipAddressBytes: every way to write an address", () => {
  for (const [address, hex] of ADDRESSES) assertEquals(toHex(ipAddressBytes(address)), hex);
});
