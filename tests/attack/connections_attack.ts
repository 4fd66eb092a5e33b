import type { Attack } from "./attack.ts";
import { Flood } from "./flood.ts";
import { threadAttack } from "./thread_attack.ts";

/** Each peer begins so many at a time. */
const AT_A_TIME = 8;

/** Connections to the HTTP port that end as soon as they have begun. */
export const CONNECTIONS_ATTACK: Attack = threadAttack({
  name: "connections begun and ended",
  flood: ({ httpPort }, peers) => Flood.ofConnections(httpPort, peers * AT_A_TIME),
});
