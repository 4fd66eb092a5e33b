import { encodeCommand } from "../../src/rtmp/message/command.ts";
import { MESSAGE_TYPE } from "../../src/rtmp/message/message.ts";
import type { Attack } from "./attack.ts";
import { publisherFlood, rawMessage, repeated } from "./rtmp_floods.ts";
import { threadAttack } from "./thread_attack.ts";

/** Nearly as many values as one body may hold, which are the shortest that take time to read. */
const ARGUMENTS: readonly string[] = Array.from({ length: 9000 }, () => "");

/** Calls of a name that nobody knows, each with thousands of arguments. */
export const COMMANDS_ATTACK: Attack = threadAttack({
  name: "commands of 9000 values",
  flood: (gateway, peers) => {
    const payload = encodeCommand({ name: "a", transactionId: 0, args: ARGUMENTS });
    const command = rawMessage(MESSAGE_TYPE.COMMAND_AMF0, payload, { chunkStreamId: 3 });
    return publisherFlood(gateway, peers, { payload: repeated(command) });
  },
});
