import { assertEquals } from "@std/assert";
import { AddressCounts } from "../../../src/shard/net/address_counts.ts";
import { allocateCounters, Counters } from "../../../src/metrics/counters.ts";
import { Place, Places } from "../../../src/shard/net/places.ts";
import { NetworkList } from "../../../src/address/network_list.ts";
import { testAddressCounts } from "../shard_settings.ts";

const LIMITS = { max: 5, maxPerAddress: 3 };

/** Places of two shards, and who has given its own up. */
function setup(
  { trusted = [], ...limits }: {
    readonly max?: number;
    readonly maxPerAddress?: number;
    readonly trusted?: readonly string[];
  } = {},
) {
  const addresses = testAddressCounts(2);
  const counterMemory = allocateCounters(2);
  const gave: string[] = [];
  const [first, second] = [0, 1].map((shard) =>
    new Places({
      what: "guests",
      gauge: "rtmpNewcomers",
      ...LIMITS,
      ...limits,
      counts: new AddressCounts(addresses, shard, "rtmpNewcomers"),
      counters: new Counters(counterMemory, shard),
      proxies: new NetworkList(trusted),
    })
  ) as [Places, Places];
  const counters = new Counters(counterMemory, 0);
  return { first, second, gave, taken: () => counters.total("rtmpNewcomers") };
}

function take(places: Places, hostname: string): Place {
  const place = places.take(hostname);
  if (!(place instanceof Place)) throw new Error(`Refused: ${place.reason}`);
  return place;
}

function reasonFor(places: Places, hostname: string): string {
  const refusal = places.take(hostname);
  if (refusal instanceof Place) throw new Error("It was given a place");
  assertEquals(places.refusal(hostname), refusal);
  return `${refusal.scope}: ${refusal.reason}`;
}

Deno.test("Places: so many for an address and in all, over all shards", () => {
  const { first, second, taken } = setup();
  for (const places of [first, second, first]) take(places, "192.0.2.1");
  assertEquals(reasonFor(second, "192.0.2.1"), "address: one address may have up to 3 guests");
  const own = take(first, "2001:db8::1");
  take(second, "2001:db8::2");
  assertEquals(reasonFor(first, "192.0.2.2"), "all: there may be up to 5 guests");
  own.leave();
  own.leave();
  assertEquals(taken(), 4);
  assertEquals(first.refusal("192.0.2.2"), undefined);
  take(first, "192.0.2.2");
  assertEquals(taken(), 5);
});

Deno.test("Places: the oldest of the address that has most gives way, and nobody who needs it", () => {
  const { first, second, gave, taken } = setup();
  const offer = (hostname: string, name: string) => {
    const place = take(first, hostname);
    place.offer(() => gave.push(name));
    return place;
  };
  offer("192.0.2.9", "honest");
  const needed = offer("192.0.2.1", "a1");
  for (const name of ["a2", "a3"]) offer("192.0.2.1", name);
  offer("192.0.2.2", "b1");
  needed.keep();
  take(first, "192.0.2.3");
  assertEquals([gave, taken()], [["a2"], 5]);
  take(first, "192.0.2.4");
  take(first, "192.0.2.5");
  take(first, "192.0.2.6");
  assertEquals([gave.toSorted(), taken()], [["a2", "a3", "b1", "honest"], 5]);
  assertEquals(reasonFor(first, "192.0.2.7"), "all: there may be up to 5 guests");
  // Each shard can spare its own only.
  needed.offer(() => gave.push("a1"));
  assertEquals(reasonFor(second, "192.0.2.7"), "all: there may be up to 5 guests");
  take(first, "192.0.2.7");
  assertEquals(gave.at(-1), "a1");
  needed.leave();
  assertEquals(taken(), 5);
});

Deno.test("Places: whoever fills all of them from two addresses takes them from himself", () => {
  const { first, gave } = setup({ max: 100, maxPerAddress: 60 });
  take(first, "192.0.2.9").offer(() => gave.push("honest"));
  for (let at = 0; at < 60; at++) {
    for (const hostname of ["198.51.100.1", "198.51.100.2"]) {
      const place = first.take(hostname);
      if (place instanceof Place) place.offer(() => gave.push(hostname));
    }
  }
  for (let at = 0; at < 20; at++) take(first, `192.0.2.${at + 10}`);
  assertEquals(gave.includes("honest"), false);
});

Deno.test("Place: it is left for a time, and taken again if there is one", () => {
  const { first, gave, taken } = setup({ max: 2 });
  const place = take(first, "192.0.2.1");
  place.leave();
  assertEquals([place.retake(), place.retake(), taken()], [undefined, undefined, 1]);
  place.leave();
  const [one, other] = [take(first, "192.0.2.2"), take(first, "192.0.2.3")];
  assertEquals(place.retake()?.reason, "there may be up to 2 guests");
  assertEquals(taken(), 2);
  one.offer(() => gave.push("one"));
  assertEquals([place.retake(), gave, taken()], [undefined, ["one"], 2]);
  other.leave();
  place.leave();
  one.leave();
  assertEquals(taken(), 0);
});

Deno.test("Place: proxies have no limit of their own, and what they have for others counts for these", () => {
  const { first, gave, taken } = setup({ max: 100, trusted: ["10.0.0.0/8"] });
  const places = Array.from({ length: 20 }, () => take(first, "10.1.2.3"));
  for (const place of places) place.offer(() => gave.push("proxy"));
  assertEquals([first.giveUpOne(), gave], [false, []]);
  const refusals = places.map((place) => place.rename("192.0.2.1")?.scope);
  assertEquals(refusals.filter((scope) => scope === undefined).length, 3);
  assertEquals(new Set(refusals), new Set([undefined, "address"]));
  assertEquals(places[0]!.hostname, "192.0.2.1");
  assertEquals(places[0]!.rename("192.0.2.1"), undefined);
  places[0]!.offer(() => gave.push("client"));
  assertEquals([first.giveUpOne(), gave, taken()], [true, ["client"], 19]);
  assertEquals(places[3]!.rename("192.0.2.1"), undefined);
  assertEquals(places[3]!.rename("10.1.2.3"), undefined);
  assertEquals(places[4]!.rename("192.0.2.1"), undefined);
});

Deno.test("NetworkList: addresses and networks of both families", () => {
  const proxies = new NetworkList(["10.0.0.0/8", "192.0.2.7", "198.51.100.128/25", "fd00::/7"]);
  const asked: [hostname: string, isTrusted: boolean][] = [
    ["10.255.1.2", true],
    ["::ffff:10.0.0.1", true],
    ["11.0.0.1", false],
    ["192.0.2.7", true],
    ["192.0.2.6", false],
    ["198.51.100.128", true],
    ["198.51.100.127", false],
    ["fdab::1", true],
    ["fc00::1", true],
    ["fe00::1", false],
    ["a00::", false],
    ["nonsense", false],
  ];
  for (const [hostname, isTrusted] of asked) {
    assertEquals(proxies.has(hostname), isTrusted, hostname);
  }
  assertEquals(new NetworkList([]).has("127.0.0.1"), false);
  assertEquals(new NetworkList(["0.0.0.0/0"]).has("192.0.2.1"), true);
});
