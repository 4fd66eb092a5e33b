import { MESSAGE_TYPE } from "../../src/rtmp/message/message.ts";
import type { Attack } from "./attack.ts";
import { publisherFlood, rawMessage, repeated } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** A sound message of one byte within an aggregate: type, length, time, stream, body, back pointer. */
const INNER = Uint8Array.of(8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xaf, 0, 0, 0, 12);

const AGGREGATE_SIZE = 64 * 1024 - 16;

/** Aggregates that are full of sound messages of 1 byte: thousands of messages in one. */
export const TINY_AGGREGATES_ATTACK: Attack = threadAttack({
  name: "aggregates of 1-byte messages",
  flood: (gateway, peers) =>
    publisherFlood(gateway, peers, {
      payload: rawMessage(MESSAGE_TYPE.AGGREGATE, repeated(INNER, AGGREGATE_SIZE)),
    }),
});
