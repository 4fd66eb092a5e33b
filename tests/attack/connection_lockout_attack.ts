import { type AddressedConnection, connectFrom } from "../interop/addressed_client.ts";
import { RtmpPublisher } from "../interop/rtmp_publisher.ts";
import { publish } from "../resilience/healthy_whep.ts";
import { clientAnswer, clientHello, ClientMessages } from "../rtmp/client.ts";
import type { Attack } from "./attack.ts";
import { EntryProbe } from "./entry_probe.ts";
import { HealthProbe } from "./health_probe.ts";

/** More addresses than it takes to fill all places, as each may have a tenth of them. */
const ATTACKERS = Array.from({ length: 14 }, (_, at) => `127.0.0.${at + 2}`);

const PER_ADDRESS = 50;
const LIMITS = {
  httpConnections: 10 * PER_ADDRESS,
  httpConnectionsPerAddress: PER_ADDRESS,
  rtmpNewcomers: 10 * PER_ADDRESS,
  rtmpNewcomersPerAddress: PER_ADDRESS,
  rtmpPlayers: 10 * PER_ADDRESS,
  rtmpPlayersPerAddress: PER_ADDRESS,
};

/** Idle HTTP connections from many addresses, each ended one replaced at once. */
export const IDLE_HTTP_ATTACK: Attack = {
  name: "idle HTTP connections from 14 addresses, more than there are places",
  gateway: { config: { limits: LIMITS } },
  run: async (gateway, { seconds }) => {
    await using health = HealthProbe.start(gateway);
    const opened = await hold(gateway.httpPort, seconds, () => {});
    const { httpConnections } = (await gateway.status()).counters;
    return [
      { what: "connections opened", value: opened },
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
    await using probe = new EntryProbe(async (attempt) => {
      using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", `wanted${attempt}`);
      const code = await publisher.answer();
      if (code !== "NetStream.Publish.Start") throw new Error(`${code}`);
    });
    const play = Uint8Array.of(
      ...clientHello(),
      ...clientAnswer(),
      ...new ClientMessages().connect("live").command(0, "createStream", 2, null)
        .command(1, "play", 3, null, "played").take(),
    );
    let plays = 0;
    const opened = await hold(gateway.rtmpPort, seconds, (conn) => {
      if (plays++ % 2 === 0) conn.write(play);
    });
    const { rtmpNewcomers, rtmpViewers } = (await gateway.status()).counters;
    return [
      { what: "connections opened", value: opened },
      { what: "connections that do nothing", value: rtmpNewcomers!, bar: LIMITS.rtmpNewcomers },
      { what: "players", value: rtmpViewers!, bar: LIMITS.rtmpPlayers },
      ...await probe.finish("publisher", 500),
      ...await health.finish(),
    ];
  },
};

/** Has each address hold more connections than it may, for a time; how many were opened for that. */
async function hold(
  port: number,
  seconds: number,
  begin: (conn: AddressedConnection) => void,
): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  let opened = 0;
  const attack = async (address: string) => {
    let held: AddressedConnection[] = [];
    while (performance.now() < endMs) {
      held = held.filter((conn) => !conn.isEnded);
      while (held.length < 2 * PER_ADDRESS && performance.now() < endMs) {
        const conn = await connectFrom(address, port).catch(() => undefined);
        if (conn === undefined) break;
        opened++;
        begin(conn);
        held.push(conn);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const conn of held) conn[Symbol.dispose]();
  };
  await Promise.all(ATTACKERS.map(attack));
  return opened;
}
