import { assertEquals } from "@std/assert";
import { AddressCounts } from "../../src/shard/address_counts.ts";

Deno.test("AddressCounts: by address, and by network for IPv6", () => {
  const counts = new AddressCounts();
  const hostnames = ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2"];
  for (const hostname of hostnames) counts.add(hostname);
  const asked = [...hostnames, "192.0.2.2", "2001:db8:0:2::1", "c000:201::"];
  const of = () => asked.map((hostname) => counts.of(hostname));
  assertEquals(of(), [2, 2, 2, 2, 0, 0, 0]);
  counts.remove("192.0.2.1");
  counts.remove("2001:db8:0:1::3");
  assertEquals(of(), [1, 1, 1, 1, 0, 0, 0]);
  for (const hostname of hostnames) counts.remove(hostname);
  assertEquals(of(), [0, 0, 0, 0, 0, 0, 0]);
});
