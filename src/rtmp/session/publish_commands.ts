import type { Call, CommandContext } from "./command_context.ts";
import { textArgument } from "../message/command.ts";
import type { MessageStreams } from "./message_streams.ts";
import { fcStatus, onStatus, streamBegin } from "./server_replies.ts";
import type { PublishType, SessionEvent } from "./event.ts";
import type { SessionOutput } from "./output.ts";
import { endStream } from "./stream_commands.ts";
import { streamTarget, targetProblem } from "../message/stream_name.ts";

/**
 * `publish` (RTMP 7.2.2.6): asks to publish on a stream, which is opened if it is not.
 *
 * @throws {RtmpError} if too many streams are open.
 */
export function publish(context: CommandContext, call: Call): SessionEvent {
  const { streams, output, connection } = context;
  const { streamId } = call;
  const target = streamTarget(connection, textArgument(call, 1));
  streams.openAs(streamId);
  const problem = streams.kindOf(streamId) === "open"
    ? targetProblem(target)
    : `Stream ${streamId} is in use already.`;
  if (problem !== undefined) {
    output.fail(streamId, "NetStream.Publish.BadName", problem);
    return { kind: "publish-refused", reason: problem };
  }
  streams.request(streamId, target.name);
  const publishType = publishTypeOf(textArgument(call, 2));
  return { kind: "publish", streamId, ...target, publishType };
}

/** `FCPublish`: Flash Media Live Encoder and its like wait for the answer before they publish. */
export function fcPublish({ output }: CommandContext, call: Call): undefined {
  output.answer(call.transactionId);
  output.send(fcStatus("onFCPublish", "NetStream.Publish.Start"));
}

/** `FCUnpublish`: ends the publication of a name. */
export function fcUnpublish(context: CommandContext, call: Call): SessionEvent | undefined {
  const { streams, output, connection } = context;
  output.answer(call.transactionId);
  output.send(fcStatus("onFCUnpublish", "NetStream.Unpublish.Success"));
  return endStream(context, streams.idOf(streamTarget(connection, textArgument(call, 1)).name));
}

/** Lets a publication begin, and says so; false if the stream does not await that any more. */
export function startPublication(
  streams: MessageStreams,
  output: SessionOutput,
  streamId: number,
): boolean {
  const name = streams.accept(streamId);
  if (name === undefined) return false;
  const description = `${name} is now published.`;
  output.send(streamBegin(streamId));
  output.send(
    onStatus(streamId, { level: "status", code: "NetStream.Publish.Start", description }),
  );
  return true;
}

function publishTypeOf(value: string): PublishType {
  return value === "record" || value === "append" ? value : "live";
}
