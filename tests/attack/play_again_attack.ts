import { ClientMessages } from "../../testing/rtmp/client.ts";
import type { Attack } from "./attack.ts";
import { publisherFlood, repeated } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** A stream that there is, asked for over and over on one message stream: each time anew. */
export const PLAY_AGAIN_ATTACK: Attack = threadAttack({
  name: "plays begun again and again",
  flood: (gateway, peers) => {
    const payload = new ClientMessages().command(2, "play", 0, null, "bystanders").take();
    const first = new ClientMessages().command(0, "createStream", 9, null).take();
    return publisherFlood(gateway, peers, { first, payload: repeated(payload, 4096) });
  },
});
