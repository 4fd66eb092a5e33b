import { userControl } from "../../src/rtmp/message/user_control.ts";
import { ClientMessages } from "../../testing/rtmp/client.ts";
import type { Attack } from "./attack.ts";
import { publisherFlood, repeated } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** Pings, each of which is answered. */
export const PINGS_ATTACK: Attack = threadAttack({
  name: "RTMP pings",
  flood: (gateway, peers) => {
    const ping = new ClientMessages()
      .send(userControl({ kind: "pingRequest", timestampMs: 1 })).take();
    return publisherFlood(gateway, peers, { payload: repeated(ping) });
  },
});
