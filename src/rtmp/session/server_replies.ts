import { amfObject, type AmfValue } from "../../amf/amf_value.ts";
import { encodeCommand } from "../message/command.ts";
import { type ControlMessage, LIMIT_TYPE, type StreamMessage } from "../message/message.ts";
import { enhancedAnswer } from "../message/enhanced_capabilities.ts";
import type { ConnectEvent } from "./event.ts";
import { encodeSharedObject, type SharedObjectMessage } from "../message/shared_object.ts";
import { userControl } from "../message/user_control.ts";
import { OUTGOING_CHUNK_SIZE } from "../message/media_chunks.ts";

/** A message a server can send. */
export type Reply = ControlMessage | StreamMessage;

/** What the peer is asked to acknowledge after, and may send at most: no real restriction. */
const WINDOW_SIZE = 5_000_000;

/** Old encoders look at it before they use FCPublish and the like. */
const SERVER_VERSION = "FMS/3,5,7,7009";
const SERVER_CAPABILITIES = 31;

/** How `onStatus` answers a request for a stream. */
export interface StreamStatus {
  readonly level: "status" | "error";
  /** For example `NetStream.Publish.Start`. */
  readonly code: string;
  readonly description: string;
}

/** What the server sets before it answers `connect`: windows, and its own chunk size last. */
export function connectionSettings(): Reply[] {
  return [
    { kind: "windowAcknowledgementSize", size: WINDOW_SIZE },
    { kind: "setPeerBandwidth", size: WINDOW_SIZE, limitType: LIMIT_TYPE.DYNAMIC },
    { kind: "setChunkSize", size: OUTGOING_CHUNK_SIZE },
  ];
}

/**
 * The answer to `connect` (RTMP 7.2.1.1), with the object encoding that the peer asked for.
 *
 * What Enhanced RTMP adds stands in both objects: its document leaves open in which, and clients
 * look into either.
 */
export function connectResult(transactionId: number, connection: ConnectEvent): Reply {
  const enhanced = enhancedAnswer(connection.capabilities);
  return command(
    0,
    "_result",
    transactionId,
    amfObject({
      fmsVer: SERVER_VERSION,
      capabilities: SERVER_CAPABILITIES,
      mode: 1,
      ...enhanced,
    }),
    amfObject({
      level: "status",
      code: "NetConnection.Connect.Success",
      description: "Connection succeeded.",
      objectEncoding: connection.objectEncoding,
      ...enhanced,
    }),
  );
}

/** Where a peer shall connect again, and why. */
export interface ReconnectRequest {
  /** Where to; the same URL as before if it is missing. May be relative to that. */
  readonly tcUrl?: string;
  /** For people. */
  readonly description: string;
}

/** Asks the peer to connect again (Enhanced RTMP, "Reconnect Request"). */
export function reconnectRequest({ tcUrl, description }: ReconnectRequest): Reply {
  const code = "NetConnection.Connect.ReconnectRequest";
  const status = { level: "status", code, description };
  const info = amfObject(tcUrl === undefined ? status : { ...status, tcUrl });
  return command(0, "onStatus", 0, null, info);
}

/** A shared object message that answers one on the same stream. */
export function sharedObject(streamId: number, message: SharedObjectMessage): Reply {
  return { kind: "sharedObject", streamId, timestampMs: 0, payload: encodeSharedObject(message) };
}

/** The answer to a call that succeeded, with `value` if it returns any. */
export function callResult(transactionId: number, value: AmfValue = undefined): Reply {
  return command(0, "_result", transactionId, null, value);
}

/** What Flash Media Live Encoder and its like wait for, and players of delivery networks. */
export function fcStatus(
  name: "onFCPublish" | "onFCUnpublish" | "onFCSubscribe" | "onFCUnsubscribe",
  code: string,
): Reply {
  return command(0, name, 0, null, amfObject({ code, description: "" }));
}

/** `onStatus` on a stream (RTMP 7.2.2). */
export function onStatus(streamId: number, { level, code, description }: StreamStatus): Reply {
  return command(streamId, "onStatus", 0, null, amfObject({ level, code, description }));
}

/** Says that a stream is ready (RTMP 7.1.7). */
export function streamBegin(streamId: number): Reply {
  return userControl({ kind: "streamBegin", streamId });
}

function command(
  streamId: number,
  name: string,
  transactionId: number,
  ...args: readonly AmfValue[]
): Reply {
  const payload = encodeCommand({ name, transactionId, args });
  return { kind: "command", streamId, timestampMs: 0, payload };
}
