import { accessSettings } from "../access/access_settings.ts";
import {
  AddressCounts,
  allocateAddressCounts,
  COUNTED,
} from "../../src/shard/net/address_counts.ts";
import type { Access } from "../../src/access/access.ts";
import { OPEN_ACCESS } from "../../testing/open_access.ts";
import { Clients } from "../../src/shard/live/clients.ts";
import type { HttpContext } from "../../src/shard/http/routing/route_context.ts";
import { Publishers } from "../../src/shard/live/publishers.ts";
import { Viewers } from "../../src/shard/live/viewers.ts";
import type { MemoryBudget } from "../../src/stream/memory_budget.ts";
import { openMemory } from "./open_memory.ts";
import type { Counters } from "../../src/metrics/counters.ts";
import type { PlaceLimits, ShardSettings } from "../../src/shard/shard_settings.ts";
import { type ShardPlaces, shardPlaces } from "../../src/shard/shard_places.ts";
import { NetworkList } from "../../src/address/network_list.ts";

/** Settings of a shard that is tested by itself. */
export const SHARD_SETTINGS: ShardSettings = {
  access: accessSettings({ otherwise: { publish: "allow", play: "allow" } }),
  asksFunction: false,
  tellsBegins: false,
  tellsEnds: false,
  version: "0",
  identity: { server: "sl-0", service: "0", pid: "0" },
  startedAt: 0,
  host: "127.0.0.1",
  rtmpPort: 0,
  httpPort: 0,
  tls: undefined,
  admin: { hasToken: false, corsOrigins: ["*"], listen: undefined },
  sharesPorts: false,
  shards: 1,
  metrics: { token: undefined, addresses: [] },
  flushMs: 0,
  rtmpFlushMs: 0,
  windowMs: 1000,
  listAgeMs: 500,
  maxViewers: 100,
  places: placeLimits({ max: 100, maxPerAddress: 100 }),
  trustedProxies: [],
  maxMessageBytes: 1 << 20,
  timeouts: {
    handshakeMs: 10_000,
    publishMs: 10_000,
    firstFrameMs: 10_000,
    idleMs: 10_000,
    httpRequestMs: 10_000,
    httpIdleMs: 10_000,
    stallMs: 10_000,
    trackSettleMs: 1000,
    playWaitMs: 1000,
  },
  unpublishNotify: "end",
  logLevel: "warning",
  logFormat: "text",
  assetHeaders: {},
  webtransport: undefined,
  webrtc: {
    udpPort: undefined,
    udpFamilies: { ipv4: false, ipv6: false },
    tcpPort: 0,
    tcpFamilies: { ipv4: true, ipv6: false },
    publicIps: [],
    iceServers: [],
    packetBytes: 1350,
    feedback: "remb",
    bFrames: "drop",
    inexact: "show",
    connectMs: 10_000,
    consentMs: 10_000,
  },
};

/** The same limits for everything. */
export function placeLimits(limits: PlaceLimits): ShardSettings["places"] {
  const entries = COUNTED.map((counted) => [counted, limits]);
  return Object.fromEntries(entries);
}

/** The places of a shard that is tested by itself, and whom it trusts. */
export function testPlaces(
  counters: Counters,
  { limits = SHARD_SETTINGS.places, trusted = [], addressCounts = testAddressCounts() }: {
    readonly limits?: ShardSettings["places"];
    readonly trusted?: readonly string[];
    readonly addressCounts?: SharedArrayBuffer;
  } = {},
): { readonly places: ShardPlaces; readonly proxies: NetworkList } {
  const proxies = new NetworkList(trusted);
  return { places: shardPlaces(limits, { addressCounts, shard: 0, counters, proxies }), proxies };
}

/** Who watches on a shard that is tested by itself. */
export function testViewers(
  counters: Counters,
  {
    places,
    memory = openMemory(),
    maxViewers = 100,
    access = OPEN_ACCESS,
    shard = 0,
    addressCounts = testAddressCounts(shard + 1),
  }: {
    readonly places: ShardPlaces;
    readonly memory?: MemoryBudget;
    readonly maxViewers?: number;
    readonly addressCounts?: SharedArrayBuffer;
    readonly access?: Access;
    readonly shard?: number;
  },
): Pick<HttpContext, "clients" | "viewers" | "publishers" | "shard"> {
  const clients = new Clients(counters);
  const streamCounts = new AddressCounts(addressCounts, shard, "streamViewers");
  const settings = { maxViewers };
  const options = { settings, places, streamCounts, counters, memory, clients, access, shard };
  return { clients, viewers: new Viewers(options), publishers: new Publishers(), shard };
}

export function testAddressCounts(shards = 1): SharedArrayBuffer {
  return allocateAddressCounts(shards, (length) => new Uint8Array(length).fill(7));
}
