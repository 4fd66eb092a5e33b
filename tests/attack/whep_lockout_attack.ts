import { requestFrom } from "../interop/addressed_client.ts";
import { publish } from "../resilience/healthy_whep.ts";
import { WhepViewer } from "../resilience/whep_viewer.ts";
import { OFFERS } from "../webrtc/offers.ts";
import type { Attack } from "./attack.ts";
import { EntryProbe } from "./entry_probe.ts";
import { HealthProbe } from "./health_probe.ts";

const PATH = "live/wanted";

/** As many as filled all places of the default limits. */
const ATTACKERS = ["127.0.0.2", "127.0.0.3"];

/** What each of them has under way at a time. */
const POSTS_AT_ONCE = 4;

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
    const endMs = performance.now() + seconds * 1000;
    const counts = { accepted: 0, refused: 0 };
    const headers = "Content-Type: application/sdp\r\nConnection: close\r\n";
    const post = { method: "POST", body: OFFERS.chromium };
    const attack = async (address: string) => {
      while (performance.now() < endMs) {
        using answer = await requestFrom(address, gateway.httpPort, `/${PATH}/whep`, headers, post);
        counts[answer.status === 201 ? "accepted" : "refused"]++;
      }
    };
    const attackers = ATTACKERS.flatMap((address) => Array(POSTS_AT_ONCE).fill(address));
    await Promise.all(attackers.map(attack));
    return [
      { what: "offers accepted of attackers", value: counts.accepted, bar: 100 },
      { what: "offers refused", value: counts.refused },
      ...await probe.finish("viewer", 500),
      ...await health.finish(),
    ];
  },
};
