import { publish } from "../../testing/healthy_whep.ts";
import type { Attack } from "./attack.ts";
import { HealthProbe } from "./health_probe.ts";
import { Lockout } from "./lockout.ts";
import { publisherProbe } from "./publish_lockout_attack.ts";

/** More addresses than it takes to fill all places, as each may have a tenth of them. */
const ADDRESSES = Array.from({ length: 14 }, (_, at) => `127.0.0.${at + 2}`);

const PER_ADDRESS = 50;
const LIMITS = {
  httpConnections: 10 * PER_ADDRESS,
  httpConnectionsPerAddress: PER_ADDRESS,
  rtmpNewcomers: 10 * PER_ADDRESS,
  rtmpNewcomersPerAddress: PER_ADDRESS,
  rtmpPlayers: 10 * PER_ADDRESS,
  rtmpPlayersPerAddress: PER_ADDRESS,
};

/** Twice what an address may have: it comes again and again. */
const CONNECTIONS = { kind: "connections", addresses: ADDRESSES, each: 2 * PER_ADDRESS } as const;

/** Idle HTTP connections from many addresses, each ended one replaced at once. */
export const IDLE_HTTP_ATTACK: Attack = {
  name: "idle HTTP connections from 14 addresses, more than there are places",
  gateway: { config: { limits: LIMITS } },
  run: async (gateway, { seconds }) => {
    await using health = HealthProbe.start(gateway);
    const { httpPort: port } = gateway;
    using lockout = new Lockout({ ...CONNECTIONS, port, seconds, plays: undefined });
    const { begun } = await lockout.finish();
    const { httpConnections } = (await gateway.status()).counters;
    return [
      { what: "connections opened", value: begun },
      { what: "connections held", value: httpConnections!, bar: LIMITS.httpConnections },
      ...await health.finish(),
    ];
  },
};

/** RTMP connections that do nothing, and others that play, from many addresses. */
export const RTMP_PLACES_ATTACK: Attack = {
  name: "RTMP connections that play or do nothing from 14 addresses",
  gateway: { config: { limits: LIMITS } },
  run: async (gateway, { seconds }) => {
    await using _publisher = await publish(gateway, { path: "live/played", bitrateBps: 100_000 });
    await using health = HealthProbe.start(gateway);
    await using probe = publisherProbe(gateway);
    const { rtmpPort: port } = gateway;
    using lockout = new Lockout({ ...CONNECTIONS, port, seconds, plays: "played" });
    const { begun } = await lockout.finish();
    const { rtmpNewcomers, rtmpViewers } = (await gateway.status()).counters;
    return [
      { what: "connections opened", value: begun },
      { what: "connections that do nothing", value: rtmpNewcomers!, bar: LIMITS.rtmpNewcomers },
      { what: "players", value: rtmpViewers!, bar: LIMITS.rtmpPlayers },
      ...await probe.finish("publisher", 500),
      ...await health.finish(),
    ];
  },
};
