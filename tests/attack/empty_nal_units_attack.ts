import { MESSAGE_TYPE } from "../../src/rtmp/message/message.ts";
import { VIDEO_CONFIGURATION } from "../../testing/media/self_describing.ts";
import type { Attack } from "./attack.ts";
import { FLOOD_SIZE, publisherFlood, rawMessage } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** A picture whose NAL units are all empty: nothing but lengths of 0. */
function emptyPicture(size: number): Uint8Array {
  const body = new Uint8Array(size);
  body.set([0x17, 1]);
  return body;
}

/** Pictures of a quarter of a MiB, of which each four bytes are a NAL unit. */
export const EMPTY_NAL_UNITS_ATTACK: Attack = threadAttack({
  name: "pictures of empty NAL units",
  flood: (gateway, peers) =>
    publisherFlood(gateway, peers, {
      first: rawMessage(MESSAGE_TYPE.VIDEO, VIDEO_CONFIGURATION),
      payload: rawMessage(MESSAGE_TYPE.VIDEO, emptyPicture(FLOOD_SIZE)),
    }),
});
