import type { Call, CommandContext } from "./command_context.ts";
import type { SessionEvent } from "./event.ts";
import { callResult } from "./server_replies.ts";

/**
 * `createStream` (RTMP 7.2.1.3): opens a message stream and returns its id.
 *
 * @throws {RtmpError} if too many are open.
 */
export function createStream({ streams, output }: CommandContext, call: Call): undefined {
  output.send(callResult(call.transactionId, streams.open()));
}

/** `closeStream`: ends what the stream does; the stream stays open. */
export function closeStream(context: CommandContext, call: Call): SessionEvent | undefined {
  return endStream(context, call.streamId);
}

/** `deleteStream` (RTMP 7.2.2.3): ends what a stream does, and closes it. */
export function deleteStream(context: CommandContext, call: Call): SessionEvent | undefined {
  const deleted = typeof call.args[1] === "number" ? call.args[1] : call.streamId;
  const event = endStream(context, deleted);
  context.streams.delete(deleted);
  return event;
}

/** Ends what a stream does, and says so; `undefined` if it does nothing. */
export function endStream(
  { streams }: CommandContext,
  streamId: number | undefined,
): SessionEvent | undefined {
  const ended = streamId === undefined ? undefined : streams.end(streamId);
  if (streamId === undefined || ended === undefined) return undefined;
  const isPlay = ended === "playing" || ended === "asking to play";
  return { kind: isPlay ? "stop" : "unpublish", streamId };
}
