import { publish } from "../../testing/healthy_whep.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";
import type { Attack } from "./attack.ts";
import { EntryProbe } from "./entry_probe.ts";
import { HealthProbe } from "./health_probe.ts";
import { Lockout } from "./lockout.ts";

const PATH = "live/wanted";

/** As many as filled all places of the default limits. */
const ADDRESSES = ["127.0.0.2", "127.0.0.3"];

/** What an address may have of viewers that never connect. */
const PER_ADDRESS = 100;

/** Offers from two addresses by somebody who never connects, and viewers who want to. */
export const WHEP_LOCKOUT_ATTACK: Attack = {
  name: "offers from 2 addresses, none of which ever connects",
  run: async (gateway, { seconds }) => {
    await using _publisher = await publish(gateway, { path: PATH });
    await using health = HealthProbe.start(gateway);
    await using probe = new EntryProbe(async () => {
      await using viewer = await WhepViewer.join(gateway, { path: PATH });
      await viewer.delete();
    });
    using lockout = new Lockout({
      kind: "offers",
      port: gateway.httpPort,
      seconds,
      addresses: ADDRESSES,
      target: `/${PATH}/whep`,
      sdp: OFFERS.chromium,
    });
    const { begun, accepted } = await lockout.finish();
    // Each is given up after 15 s.
    const bar = ADDRESSES.length * PER_ADDRESS * Math.ceil(seconds / 15);
    return [
      { what: "offers", value: begun },
      { what: "offers accepted of attackers", value: accepted, bar },
      ...await probe.finish("viewer", 500),
      ...await health.finish(),
    ];
  },
};
