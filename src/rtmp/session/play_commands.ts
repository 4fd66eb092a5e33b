import { amfProperty, type AmfValue } from "../../amf/amf_value.ts";
import { textArgument } from "../message/command.ts";
import type { Call, CommandContext } from "./command_context.ts";
import type { PlayRequest } from "./message_streams.ts";
import { status } from "./play_replies.ts";
import { fcStatus } from "./server_replies.ts";
import type { SessionEvent } from "./event.ts";
import { endStream } from "./stream_commands.ts";
import { streamTarget, targetProblem } from "../message/stream_name.ts";

/**
 * Transitions of `play2` that change from one stream to another without a break; what the others say
 * about playlists means nothing to live streams.
 */
const TRANSITIONS: readonly AmfValue[] = ["switch", "swap"];

/**
 * `play` (RTMP 7.2.2.1): asks to play on a stream. Start and duration mean nothing to live streams;
 * a reset is the default. `play(false)` ends what is played.
 */
export function play(context: CommandContext, call: Call): SessionEvent | undefined {
  if (call.args[1] === false) return stopPlaying(context, call);
  const reset = call.args[4];
  const mode = reset === false || reset === 0 ? "append" : "reset";
  return requestPlay(context, call, textArgument(call, 1), mode);
}

/** `play2` (RTMP 7.2.2.2): asks to play another stream, perhaps without a break. */
export function play2(context: CommandContext, call: Call): SessionEvent | undefined {
  const options = call.args[1];
  const name = amfProperty(options, "streamName");
  const changes = TRANSITIONS.includes(amfProperty(options, "transition")) &&
    context.streams.playedName(call.streamId) !== undefined;
  const text = typeof name === "string" ? name : "";
  return requestPlay(context, call, text, changes ? "transition" : "reset");
}

/** `pause` (RTMP 7.2.2.8), and Flash's `pauseRaw`: pauses or goes on. */
export function pause(context: CommandContext, call: Call): SessionEvent | undefined {
  const { streamId } = call;
  const name = nameInPlay(context, call);
  if (name === undefined) return undefined;
  const isPaused = call.args[1] === true;
  context.output.send(
    isPaused
      ? status(streamId, "NetStream.Pause.Notify", `Pausing ${name}.`)
      : status(streamId, "NetStream.Unpause.Notify", `Unpausing ${name}.`),
  );
  return { kind: "pause", streamId, isPaused };
}

/** `seek` (RTMP 7.2.2.7): live streams have one place only, where they are. */
export function seek(context: CommandContext, call: Call): undefined {
  const name = nameInPlay(context, call);
  if (name === undefined) return undefined;
  const description = `Seeking in ${name}: it is live, and goes on.`;
  context.output.send(status(call.streamId, "NetStream.Seek.Notify", description));
}

/** `receiveAudio` and `receiveVideo` (RTMP 7.2.2.4, 7.2.2.5): which tracks the player wants. */
export function receive(
  { streams, output }: CommandContext,
  { streamId, args }: Call,
  track: "audio" | "video",
): SessionEvent | undefined {
  const isWanted = args[1] === true;
  const tracks = streams.receivedTracks(streamId);
  if (tracks[track] === isWanted) return undefined;
  const changed = { ...tracks, [track]: isWanted };
  streams.setReceivedTracks(streamId, changed);
  const name = streams.wantedName(streamId);
  if (name === undefined) return undefined;
  if (isWanted && streams.playedName(streamId) !== undefined) {
    output.send(status(streamId, "NetStream.Seek.Notify", `Seeking in ${name}.`));
    output.send(status(streamId, "NetStream.Play.Start", `Started playing ${name}.`));
  }
  return { kind: "receive", streamId, ...changed };
}

/** `getStreamLength`: what ffmpeg asks before it plays; a live stream has no length. */
export function getStreamLength({ output }: CommandContext, call: Call): undefined {
  output.answer(call.transactionId, 0);
}

/** `FCSubscribe`: what players of content delivery networks ask before they play. */
export function fcSubscribe({ output }: CommandContext, call: Call): undefined {
  output.answer(call.transactionId);
  output.send(fcStatus("onFCSubscribe", "NetStream.Play.Start"));
}

/** `FCUnsubscribe`: what they say when they have played. */
export function fcUnsubscribe({ output }: CommandContext, call: Call): undefined {
  output.answer(call.transactionId);
  output.send(fcStatus("onFCUnsubscribe", "NetStream.Play.Stop"));
}

function requestPlay(
  { streams, output, connection }: CommandContext,
  { streamId }: Call,
  text: string,
  mode: PlayRequest["mode"],
): SessionEvent {
  const target = streamTarget(connection, text);
  const kind = streams.kindOf(streamId);
  if (kind === undefined || kind === "publishing" || kind === "awaiting decision") {
    const problem = `Stream ${streamId} was not created, or is being published on.`;
    output.fail(streamId, "NetStream.Play.Failed", problem);
    return { kind: "play-refused", reason: problem };
  }
  const problem = targetProblem(target);
  if (problem !== undefined) {
    output.fail(streamId, "NetStream.Play.StreamNotFound", problem);
    return { kind: "play-refused", reason: problem };
  }
  streams.requestPlay(streamId, { name: target.name, mode });
  const { audio, video } = streams.receivedTracks(streamId);
  return { kind: "play", streamId, ...target, audio, video, isTransition: mode === "transition" };
}

function stopPlaying(context: CommandContext, call: Call): SessionEvent | undefined {
  const { streams, output } = context;
  const name = streams.wantedName(call.streamId);
  if (name === undefined) return undefined;
  output.send(status(call.streamId, "NetStream.Play.Stop", `Stopped playing ${name}.`));
  return endStream(context, call.streamId);
}

/** What the stream plays; if nothing, the peer is told so. */
function nameInPlay({ streams, output }: CommandContext, call: Call): string | undefined {
  const name = streams.wantedName(call.streamId);
  if (name === undefined) {
    output.fail(call.streamId, "NetStream.Failed", `Nothing is played on ${call.streamId}.`);
  }
  return name;
}
