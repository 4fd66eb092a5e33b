import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import type { RawMessage } from "../chunk/reader.ts";
import { RtmpError } from "../rtmp_error.ts";
import type { UserControlMessage } from "./user_control.ts";

/** Message type ids (RTMP 5.4, 7.1). */
export const MESSAGE_TYPE = {
  SET_CHUNK_SIZE: 1,
  ABORT: 2,
  ACKNOWLEDGEMENT: 3,
  USER_CONTROL: 4,
  WINDOW_ACKNOWLEDGEMENT_SIZE: 5,
  SET_PEER_BANDWIDTH: 6,
  AUDIO: 8,
  VIDEO: 9,
  DATA_AMF3: 15,
  SHARED_OBJECT_AMF3: 16,
  COMMAND_AMF3: 17,
  DATA_AMF0: 18,
  SHARED_OBJECT_AMF0: 19,
  COMMAND_AMF0: 20,
  AGGREGATE: 22,
} as const;

/** Chunk streams of what a server sends; 2 is the protocol's own (RTMP 5.4). */
const CHUNK_STREAM = { CONTROL: 2, COMMAND: 3, AUDIO: 4, DATA: 5, VIDEO: 6 } as const;

/** How a peer bandwidth is meant (RTMP 5.4.5): hard, soft or dynamic. */
export const LIMIT_TYPE = { HARD: 0, SOFT: 1, DYNAMIC: 2 } as const;

/** A message of the protocol, of the types an encoder or a player sends. */
export type RtmpMessage = ControlMessage | StreamMessage | UnknownMessage;

/** Protocol control and user control messages: they concern the connection. */
export type ControlMessage =
  | { readonly kind: "setChunkSize"; readonly size: number }
  | { readonly kind: "abort"; readonly chunkStreamId: number }
  | { readonly kind: "acknowledgement"; readonly receivedBytes: number }
  | { readonly kind: "windowAcknowledgementSize"; readonly size: number }
  | { readonly kind: "setPeerBandwidth"; readonly size: number; readonly limitType: number }
  | UserControlMessage;

/**
 * Messages of a stream. `payload` is borrowed; of data and commands it is AMF0, in which values of
 * AMF3 may be embedded.
 */
export interface StreamMessage {
  readonly kind: "audio" | "video" | "data" | "command" | "sharedObject" | "aggregate";
  readonly streamId: number;
  readonly timestampMs: number;
  readonly payload: Uint8Array;
}

/** What nobody has described, and control messages that say nothing. */
export interface UnknownMessage {
  readonly kind: "unknown";
  readonly typeId: number;
}

/**
 * What a message says; nothing is copied.
 *
 * AMF3 data, commands and shared objects (types 15 to 17) are AMF0 behind a byte that is 0, which
 * some encoders leave out: it is removed. A control message without any payload sets nothing, and
 * is `unknown`.
 *
 * @throws {RtmpError} if a control message is cut short.
 */
export function parseMessage(raw: RawMessage): RtmpMessage {
  const { typeId, payload } = raw;
  switch (typeId) {
    case MESSAGE_TYPE.AUDIO:
      return streamMessage("audio", raw, payload);
    case MESSAGE_TYPE.VIDEO:
      return streamMessage("video", raw, payload);
    case MESSAGE_TYPE.DATA_AMF0:
      return streamMessage("data", raw, payload);
    case MESSAGE_TYPE.DATA_AMF3:
      return streamMessage("data", raw, withoutFormatByte(payload));
    case MESSAGE_TYPE.COMMAND_AMF0:
      return streamMessage("command", raw, payload);
    case MESSAGE_TYPE.COMMAND_AMF3:
      return streamMessage("command", raw, withoutFormatByte(payload));
    case MESSAGE_TYPE.SHARED_OBJECT_AMF0:
      return streamMessage("sharedObject", raw, payload);
    case MESSAGE_TYPE.SHARED_OBJECT_AMF3:
      // Its own first byte may be 0 too, so that nothing but the document can be followed.
      return streamMessage("sharedObject", raw, payload.subarray(1));
    case MESSAGE_TYPE.AGGREGATE:
      return streamMessage("aggregate", raw, payload);
    default:
      if (payload.length === 0) return { kind: "unknown", typeId };
      return parseControl(typeId, new ByteReader(payload, RtmpError));
  }
}

function parseControl(typeId: number, reader: ByteReader): ControlMessage | UnknownMessage {
  switch (typeId) {
    case MESSAGE_TYPE.SET_CHUNK_SIZE:
      return { kind: "setChunkSize", size: reader.u32() };
    case MESSAGE_TYPE.ABORT:
      return { kind: "abort", chunkStreamId: reader.u32() };
    case MESSAGE_TYPE.ACKNOWLEDGEMENT:
      return { kind: "acknowledgement", receivedBytes: reader.u32() };
    case MESSAGE_TYPE.USER_CONTROL:
      return { kind: "userControl", eventType: reader.u16(), data: reader.rest() };
    case MESSAGE_TYPE.WINDOW_ACKNOWLEDGEMENT_SIZE:
      return { kind: "windowAcknowledgementSize", size: reader.u32() };
    case MESSAGE_TYPE.SET_PEER_BANDWIDTH: {
      const size = reader.u32();
      // Some peers leave the limit type out.
      const limitType = reader.remaining > 0 ? reader.u8() : LIMIT_TYPE.DYNAMIC;
      return { kind: "setPeerBandwidth", size, limitType };
    }
    default:
      return { kind: "unknown", typeId };
  }
}

function streamMessage(
  kind: StreamMessage["kind"],
  raw: RawMessage,
  payload: Uint8Array,
): StreamMessage {
  return { kind, streamId: raw.streamId, timestampMs: raw.timestampMs, payload };
}

function withoutFormatByte(payload: Uint8Array): Uint8Array {
  return payload[0] === 0 ? payload.subarray(1) : payload;
}

/**
 * The message to give to a chunk writer, on the usual chunk stream of its type. Payloads of stream
 * messages are borrowed.
 */
export function toRawMessage(message: ControlMessage | StreamMessage): RawMessage {
  switch (message.kind) {
    case "setChunkSize":
      return controlRaw(MESSAGE_TYPE.SET_CHUNK_SIZE, new ByteWriter().u32(message.size));
    case "abort":
      return controlRaw(MESSAGE_TYPE.ABORT, new ByteWriter().u32(message.chunkStreamId));
    case "acknowledgement":
      return controlRaw(MESSAGE_TYPE.ACKNOWLEDGEMENT, new ByteWriter().u32(message.receivedBytes));
    case "windowAcknowledgementSize":
      return controlRaw(
        MESSAGE_TYPE.WINDOW_ACKNOWLEDGEMENT_SIZE,
        new ByteWriter().u32(message.size),
      );
    case "setPeerBandwidth":
      return controlRaw(
        MESSAGE_TYPE.SET_PEER_BANDWIDTH,
        new ByteWriter().u32(message.size).u8(message.limitType),
      );
    case "userControl":
      return controlRaw(
        MESSAGE_TYPE.USER_CONTROL,
        new ByteWriter().u16(message.eventType).bytes(message.data),
      );
    case "audio":
      return streamRaw(MESSAGE_TYPE.AUDIO, CHUNK_STREAM.AUDIO, message);
    case "video":
      return streamRaw(MESSAGE_TYPE.VIDEO, CHUNK_STREAM.VIDEO, message);
    case "data":
      return streamRaw(MESSAGE_TYPE.DATA_AMF0, CHUNK_STREAM.DATA, message);
    case "command":
      return streamRaw(MESSAGE_TYPE.COMMAND_AMF0, CHUNK_STREAM.COMMAND, message);
    case "sharedObject":
      return streamRaw(MESSAGE_TYPE.SHARED_OBJECT_AMF0, CHUNK_STREAM.COMMAND, message);
    case "aggregate":
      return streamRaw(MESSAGE_TYPE.AGGREGATE, CHUNK_STREAM.VIDEO, message);
  }
}

function controlRaw(typeId: number, payload: ByteWriter): RawMessage {
  const chunkStreamId = CHUNK_STREAM.CONTROL;
  return { chunkStreamId, typeId, streamId: 0, timestampMs: 0, payload: payload.take() };
}

function streamRaw(typeId: number, chunkStreamId: number, message: StreamMessage): RawMessage {
  const { streamId, timestampMs, payload } = message;
  return { chunkStreamId, typeId, streamId, timestampMs, payload };
}
