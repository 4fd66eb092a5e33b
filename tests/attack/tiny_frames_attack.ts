import { MESSAGE_TYPE } from "../../src/rtmp/message/message.ts";
import { AUDIO_CONFIGURATION } from "../../testing/media/self_describing.ts";
import type { Attack } from "./attack.ts";
import { Flood } from "./flood.ts";
import { publisherFlood, rawMessage, repeated } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** A type 3 chunk on chunk stream 4: one more frame of AAC, of one byte. */
const FRAME = Uint8Array.of(0xc4, 0xaf, 1, 0x21);

const encoder = new TextEncoder();

/** Sound that is as it should be, in frames of 1 byte: all of them go to viewers of its own. */
export const TINY_FRAMES_ATTACK: Attack = threadAttack({
  name: "good frames of 1 byte",
  flood: (gateway, peers) => {
    const configuration = rawMessage(MESSAGE_TYPE.AUDIO, AUDIO_CONFIGURATION);
    const frame = rawMessage(MESSAGE_TYPE.AUDIO, FRAME.subarray(1));
    const first = new Uint8Array([...configuration, ...frame]);
    return publisherFlood(gateway, peers, { first, payload: repeated(FRAME) });
  },
  helpers: ({ httpPort }, peers) => {
    const openings = Array.from({ length: peers }, (_, at) => {
      return encoder.encode(`GET /live/attacker${at}.flv HTTP/1.1\r\nHost: a\r\n\r\n`);
    });
    return Flood.overTcp(httpPort, { openings, payload: new Uint8Array(0) });
  },
});
