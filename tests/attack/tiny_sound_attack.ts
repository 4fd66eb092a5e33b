import { MESSAGE_TYPE } from "../../src/rtmp/message/message.ts";
import type { Attack } from "./attack.ts";
import { publisherFlood, rawMessage, repeated } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** A type 3 chunk on chunk stream 4: one more message like the last, of one byte. */
const TYPE_3_CHUNK = Uint8Array.of(0xc4, 0xaf);

/** Sound messages of 1 byte, 2 bytes on the wire each: malformed, and as many as there can be. */
export const TINY_SOUND_ATTACK: Attack = threadAttack({
  name: "sound messages of 1 byte",
  flood: (gateway, peers) =>
    publisherFlood(gateway, peers, {
      first: rawMessage(MESSAGE_TYPE.AUDIO, Uint8Array.of(0xaf)),
      payload: repeated(TYPE_3_CHUNK),
    }),
});
