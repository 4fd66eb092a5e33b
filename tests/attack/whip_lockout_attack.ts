import { PUBLISH_OFFERS } from "../../testing/webrtc/publish_offers.ts";
import { WhipSender } from "../../testing/webrtc/whip_sender.ts";
import type { Attack } from "./attack.ts";
import { EntryProbe } from "./entry_probe.ts";
import { HealthProbe } from "./health_probe.ts";
import { Lockout } from "./lockout.ts";

const ADDRESSES = ["127.0.0.2", "127.0.0.3"];

/** What an address may have of publishers that never connect. */
const PER_ADDRESS = 10;

/** Offers to publish, each another stream, by somebody who never connects; and who wants to publish. */
export const WHIP_LOCKOUT_ATTACK: Attack = {
  name: "offers to publish from 2 addresses, none of which ever connects",
  run: async (gateway, { seconds }) => {
    await using health = HealthProbe.start(gateway);
    await using probe = new EntryProbe(async (attempt) => {
      await using sender = await WhipSender.connect(gateway, `live/wanted${attempt}`);
      await sender.peer.delete();
    });
    using lockout = new Lockout({
      kind: "offers",
      port: gateway.httpPort,
      seconds,
      addresses: ADDRESSES,
      target: "/live/flood#/whip",
      sdp: PUBLISH_OFFERS.chromium,
    });
    const { begun, accepted } = await lockout.finish();
    // Each is given up after 15 s.
    const bar = ADDRESSES.length * PER_ADDRESS * Math.ceil(seconds / 15);
    return [
      { what: "offers", value: begun },
      { what: "offers accepted of attackers", value: accepted, bar },
      ...await probe.finish("publisher", 500),
      ...await health.finish(),
    ];
  },
};
