import type { Command } from "../message/command.ts";
import type { MessageStreams } from "./message_streams.ts";
import type { ConnectEvent } from "./event.ts";
import type { SessionOutput } from "./output.ts";

/** What commands act on: one connected session. */
export interface CommandContext {
  readonly connection: ConnectEvent;
  readonly streams: MessageStreams;
  readonly output: SessionOutput;
}

/** A command and the message stream that it came on. */
export interface Call extends Command {
  readonly streamId: number;
}
