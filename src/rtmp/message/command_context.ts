import type { Command } from "./command.ts";
import type { MessageStreams } from "../session/message_streams.ts";
import type { ConnectEvent } from "../session/event.ts";
import type { SessionOutput } from "../session/output.ts";

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
