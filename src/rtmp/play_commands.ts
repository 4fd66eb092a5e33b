import { textArgument } from "./command.ts";
import { callResult } from "./server_replies.ts";
import type { Call, CommandContext } from "./command_context.ts";
import type { SessionEvent } from "./session_event.ts";
import { streamTarget, targetProblem } from "./stream_name.ts";

/** `play` (RTMP 7.2.2.1): asks to play on a stream. */
export function play(context: CommandContext, call: Call): SessionEvent | undefined {
  const { output, connection } = context;
  const { streamId } = call;
  const target = streamTarget(connection, textArgument(call, 1));
  const problem = targetProblem(target);
  if (problem !== undefined) {
    output.fail(streamId, "NetStream.Play.StreamNotFound", problem);
    return undefined;
  }
  return { kind: "play", streamId, ...target };
}

/** `getStreamLength`: what ffmpeg asks before it plays; a live stream has no length. */
export function getStreamLength({ output }: CommandContext, call: Call): undefined {
  output.send(callResult(call.transactionId, 0));
}
