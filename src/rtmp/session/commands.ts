import type { Call, CommandContext } from "./command_context.ts";
import {
  fcSubscribe,
  fcUnsubscribe,
  getStreamLength,
  pause,
  play,
  play2,
  receive,
  seek,
} from "./play_commands.ts";
import { fcPublish, fcUnpublish, publish } from "./publish_commands.ts";
import type { SessionEvent } from "./event.ts";
import { closeStream, createStream, deleteStream } from "./stream_commands.ts";

/**
 * Does what a command of a connected peer asks for, or returns the event that its owner decides on.
 * Commands that are not known are answered: encoders take an error for the end.
 *
 * @throws {RtmpError} if a limit is exceeded.
 */
export function runCommand(context: CommandContext, call: Call): SessionEvent | undefined {
  switch (call.name) {
    case "createStream":
      return createStream(context, call);
    case "closeStream":
      return closeStream(context, call);
    case "deleteStream":
      return deleteStream(context, call);
    case "publish":
      return publish(context, call);
    case "FCPublish":
      return fcPublish(context, call);
    case "FCUnpublish":
      return fcUnpublish(context, call);
    case "play":
      return play(context, call);
    case "play2":
      return play2(context, call);
    case "pause":
    case "pauseRaw":
      return pause(context, call);
    case "seek":
      return seek(context, call);
    case "receiveAudio":
      return receive(context, call, "audio");
    case "receiveVideo":
      return receive(context, call, "video");
    case "FCSubscribe":
      return fcSubscribe(context, call);
    case "FCUnsubscribe":
      return fcUnsubscribe(context, call);
    case "getStreamLength":
      return getStreamLength(context, call);
    case "_result":
    case "_error":
    case "onStatus":
      return undefined;
    default:
      // releaseStream, _checkbw and calls not known.
      context.output.answer(call.transactionId);
      return undefined;
  }
}
