import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { RtmpPublisher } from "../interop/rtmp_publisher.ts";
import type { Attack } from "./attack.ts";
import { EntryProbe } from "./entry_probe.ts";
import { HealthProbe } from "./health_probe.ts";
import { Lockout } from "./lockout.ts";

/** What filled all streams of the default limits, and their grace period, in three seconds. */
const PER_SECOND = 326;

/** What an address may have, and what it may begin at once. */
const PER_ADDRESS = 100;

/** Publishers who come, send a frame and go, each with a name of its own, and one who wants to. */
export const PUBLISH_LOCKOUT_ATTACK: Attack = {
  name: `${PER_SECOND} publishers a second from one address, each with another name`,
  run: async (gateway, { seconds }) => {
    await using health = HealthProbe.start(gateway);
    await using probe = publisherProbe(gateway);
    const { rtmpPort: port } = gateway;
    using lockout = new Lockout({
      kind: "publishers",
      port,
      seconds,
      addresses: ["127.0.0.2"],
      perSecond: PER_SECOND,
    });
    const { begun, accepted } = await lockout.finish();
    return [
      { what: "publishers of the attacker", value: begun },
      { what: "of these accepted", value: accepted, bar: PER_ADDRESS * (1 + (seconds + 1) / 10) },
      ...await probe.finish("publisher", 500),
      ...await health.finish(),
    ];
  },
};

/** Publishes over and over, each time another stream. */
export function publisherProbe({ rtmpPort }: GatewayProcess): EntryProbe {
  return new EntryProbe(async (attempt) => {
    using publisher = await RtmpPublisher.connect(rtmpPort, "live", `wanted${attempt}`);
    const code = await publisher.answer();
    if (code !== "NetStream.Publish.Start") throw new Error(`${code}`);
  });
}
