import { AddressCounts, COUNTED, type Counted } from "./net/address_counts.ts";
import type { Counters } from "../metrics/counters.ts";
import type { PlaceLimits } from "./shard_settings.ts";
import { Places, type PlacesOptions } from "./net/places.ts";
import type { NetworkList } from "../address/network_list.ts";

/** What is limited, in all and by address, over all shards. */
export type ShardPlaces = Readonly<Record<Counted, Places>>;

/** What each is called in messages, and which gauge counts it. */
const KINDS: Readonly<
  Record<Counted, Pick<PlacesOptions, "what" | "gauge" | "isUnproven">>
> = {
  httpConnections: { what: "connections", gauge: "httpConnections" },
  adminConnections: { what: "connections", gauge: "adminConnections" },
  listListeners: { what: "listeners", gauge: "listListeners" },
  eventFollowers: { what: "followers", gauge: "eventFollowers" },
  rtmpNewcomers: { what: "new connections", gauge: "rtmpNewcomers" },
  rtmpPlayers: { what: "players", gauge: "rtmpViewers" },
  webrtcNewcomers: { what: "new viewers", gauge: "webrtcNewcomers" },
  webrtcViewers: { what: "viewers", gauge: "webrtcViewers" },
  whipNewcomers: { what: "new publishers", gauge: "whipNewcomers" },
  webtransportConnections: {
    what: "connections",
    gauge: "webtransportConnections",
    isUnproven: true,
  },
  webrtcTcpConnections: { what: "connections", gauge: "webrtcTcpConnections" },
};

/** All places of a shard. */
export function shardPlaces(
  limits: Readonly<Record<Counted, PlaceLimits>>,
  { addressCounts, shard, counters, proxies }: {
    readonly addressCounts: SharedArrayBuffer;
    readonly shard: number;
    readonly counters: Counters;
    readonly proxies: NetworkList;
  },
): ShardPlaces {
  const entries = COUNTED.map((counted) => {
    const counts = new AddressCounts(addressCounts, shard, counted);
    return [
      counted,
      new Places({ ...KINDS[counted], ...limits[counted], counts, counters, proxies }),
    ];
  });
  return Object.fromEntries(entries);
}
