import { ClientMessages } from "../../testing/rtmp/client.ts";
import type { Attack } from "./attack.ts";
import { publisherFlood, repeated } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** Publications that end as soon as they have begun: each asks the main thread, and tells all shards. */
export const PUBLISH_AGAIN_ATTACK: Attack = threadAttack({
  name: "publications begun and ended",
  gateway: { config: { gracePeriodMs: 0 } },
  flood: (gateway, peers) => {
    const payload = new ClientMessages()
      .command(2, "publish", 0, null, "again", "live")
      .command(2, "closeStream", 0, null)
      .take();
    return publisherFlood(gateway, peers, { payload: repeated(payload, 4096) });
  },
});
