import { assertEquals } from "@std/assert";
import { parseIpAddress } from "../../src/address/transport_address.ts";
import { toHex } from "../../testing/mutation.ts";

Deno.test("IP addresses as text", () => {
  const cases = [
    ["192.0.2.1", "c0000201"],
    ["255.255.255.255", "ffffffff"],
    ["::", "00".repeat(16)],
    ["::1", "00".repeat(15) + "01"],
    ["1::", "0001" + "00".repeat(14)],
    ["2001:DB8::a:b", "20010db8" + "00".repeat(8) + "000a000b"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
    ["fe80::1%eth0", "fe80" + "00".repeat(13) + "01"],
    ["64:ff9b::192.0.2.1", "0064ff9b" + "00".repeat(8) + "c0000201"],
    ["::ffff:192.0.2.1", "c0000201"],
    ["::ffff:c000:201", "c0000201"],
  ] as const;
  for (const [text, hex] of cases) assertEquals(toHex(parseIpAddress(text)!), hex, text);
});

Deno.test("what is no IP address", () => {
  const cases = [
    "",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.-4",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    ":1:2:3:4:5:6:7",
    "12345::",
    "g::",
    "::1.2.3",
    "1.2.3.4::",
    "1".repeat(200),
  ];
  for (const text of cases) assertEquals(parseIpAddress(text), undefined, text);
});
