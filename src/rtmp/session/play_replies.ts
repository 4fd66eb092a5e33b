import { amfObject, type AmfValue } from "../../amf/amf_value.ts";
import { encodeAmf0 } from "../../amf/amf0.ts";
import type { PlayRequest } from "./message_streams.ts";
import { onStatus, type Reply, streamBegin } from "./server_replies.ts";
import { userControl } from "../message/user_control.ts";

/** What becomes of a stream that is played. */
export type PlayChange = "unpublished" | "published" | "dry" | "over";

/** What a player is told when it may play (RTMP 7.2.2.1), in front of the stream itself. */
export function playAccepted(streamId: number, { name, mode }: PlayRequest): Reply[] {
  if (mode === "transition") {
    return [
      status(streamId, "NetStream.Play.Transition", `Transitioning to ${name}.`),
      data(
        streamId,
        "onPlayStatus",
        amfObject({ level: "status", code: "NetStream.Play.TransitionComplete", details: name }),
      ),
    ];
  }
  const reset = mode === "reset"
    ? [status(streamId, "NetStream.Play.Reset", `Playing and resetting ${name}.`)]
    : [];
  return [
    streamBegin(streamId),
    ...reset,
    status(streamId, "NetStream.Play.Start", `Started playing ${name}.`),
    // Flash lets an application see the pictures and the sound only if it is told so.
    data(streamId, "|RtmpSampleAccess", true, true),
  ];
}

/** What a player is told when its stream begins, pauses or ends (RTMP 7.1.7). */
export function playChanged(streamId: number, name: string, change: PlayChange): Reply[] {
  switch (change) {
    case "dry":
      return [userControl({ kind: "streamDry", streamId })];
    case "unpublished":
      return [status(streamId, "NetStream.Play.UnpublishNotify", `${name} is now unpublished.`)];
    case "published":
      return [
        streamBegin(streamId),
        status(streamId, "NetStream.Play.PublishNotify", `${name} is now published.`),
      ];
    case "over":
      return [
        userControl({ kind: "streamEof", streamId }),
        status(streamId, "NetStream.Play.Stop", `Stopped playing ${name}.`),
      ];
  }
}

/** A status of a command that succeeded. */
export function status(streamId: number, code: string, description: string): Reply {
  return onStatus(streamId, { level: "status", code, description });
}

function data(streamId: number, name: string, ...values: readonly AmfValue[]): Reply {
  return { kind: "data", streamId, timestampMs: 0, payload: encodeAmf0(name, ...values) };
}
