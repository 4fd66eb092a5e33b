import { assert, assertEquals } from "@std/assert";
import {
  AddressCounts,
  allocateAddressCounts,
  clearAddressCounts,
} from "../../../src/shard/net/address_counts.ts";
import { seededRandom } from "../../../testing/mutation.ts";
import { testAddressCounts } from "../shard_settings.ts";

Deno.test("AddressCounts: by address, and by network for IPv6", () => {
  const counts = new AddressCounts(testAddressCounts(), 0, "httpConnections");
  const hostnames = ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2"];
  for (const hostname of hostnames) counts.add(hostname);
  const asked = [...hostnames, "192.0.2.2", "2001:db8:0:2::1", "c000:201::"];
  const of = () => asked.map((hostname) => counts.of(hostname));
  assertEquals(of(), [2, 2, 2, 2, 0, 0, 0]);
  counts.remove("192.0.2.1");
  counts.remove("2001:db8:0:1::3");
  assertEquals(of(), [1, 1, 1, 1, 0, 0, 0]);
  for (const hostname of [hostnames[1]!, hostnames[2]!]) counts.remove(hostname);
  assertEquals(of(), [0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("AddressCounts: over all shards, each thing by itself, and without a shard that died", () => {
  const shared = testAddressCounts(3);
  const counts = [0, 1, 2].map((shard) => new AddressCounts(shared, shard, "rtmpPlayers"));
  const other = new AddressCounts(shared, 1, "webrtcTcpConnections");
  counts.forEach((count, shard) => {
    for (let time = 0; time <= shard; time++) count.add("192.0.2.1");
  });
  other.add("192.0.2.1");
  assertEquals(counts.map((count) => count.of("192.0.2.1")), [6, 6, 6]);
  clearAddressCounts(shared, 1);
  assertEquals([counts[0]!.of("192.0.2.1"), other.of("192.0.2.1")], [4, 0]);
});

Deno.test("AddressCounts: never too few, and hardly ever too many", () => {
  const random = seededRandom(1);
  const shared = allocateAddressCounts(
    1,
    (length) => Uint8Array.from({ length }, () => random() * 256),
  );
  const counts = new AddressCounts(shared, 0, "httpConnections");
  // 100 addresses hold 1,000 each, and 10,000 one each.
  const heavy = Array.from({ length: 100 }, (_, at) => `10.0.0.${at}`);
  const light = Array.from({ length: 10_000 }, (_, at) => `10.1.${at >> 8}.${at & 255}`);
  for (const hostname of heavy) for (let time = 0; time < 1000; time++) counts.add(hostname);
  for (const hostname of light) counts.add(hostname);
  for (const hostname of heavy) assert(counts.of(hostname) >= 1000);
  const wrong = light.filter((hostname) => counts.of(hostname) >= 1000).length;
  assert(light.every((hostname) => counts.of(hostname) >= 1));
  assert(wrong <= 30, `${wrong} of 10000 addresses would be refused for others`);
});
