import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { RtmpError } from "../rtmp_error.ts";

/**
 * User control event types (RTMP 7.1.7). 31 and 32 are not in the document: Flash Media Server sends
 * them, and encoders that are half a server too.
 */
export const USER_CONTROL_EVENT = {
  STREAM_BEGIN: 0,
  STREAM_EOF: 1,
  STREAM_DRY: 2,
  SET_BUFFER_LENGTH: 3,
  STREAM_IS_RECORDED: 4,
  PING_REQUEST: 6,
  PING_RESPONSE: 7,
  BUFFER_EMPTY: 31,
  BUFFER_READY: 32,
} as const;

/** A user control message as it travels: what the event's type does not say is in its data. */
export interface UserControlMessage {
  readonly kind: "userControl";
  /** One of {@linkcode USER_CONTROL_EVENT}, or any other. */
  readonly eventType: number;
  /** The event's data: stream id or ping time in four bytes, mostly. Borrowed. */
  readonly data: Uint8Array;
}

/** What a user control message means. */
export type UserControlEvent =
  | {
    readonly kind:
      | "streamBegin"
      | "streamEof"
      | "streamDry"
      | "streamIsRecorded"
      | "bufferEmpty"
      | "bufferReady";
    readonly streamId: number;
  }
  | { readonly kind: "setBufferLength"; readonly streamId: number; readonly bufferMs: number }
  | { readonly kind: "pingRequest" | "pingResponse"; readonly timestampMs: number }
  | { readonly kind: "unknown"; readonly eventType: number };

const STREAM_EVENTS = {
  streamBegin: USER_CONTROL_EVENT.STREAM_BEGIN,
  streamEof: USER_CONTROL_EVENT.STREAM_EOF,
  streamDry: USER_CONTROL_EVENT.STREAM_DRY,
  streamIsRecorded: USER_CONTROL_EVENT.STREAM_IS_RECORDED,
  bufferEmpty: USER_CONTROL_EVENT.BUFFER_EMPTY,
  bufferReady: USER_CONTROL_EVENT.BUFFER_READY,
} as const;

/** Bytes that an event's fields take; those of all others are one stream id or time. */
const SET_BUFFER_LENGTH_SIZE = 8;

/**
 * What a user control message means. What follows an event's fields is passed over; an event whose
 * fields are cut short means nothing, and is unknown.
 */
export function parseUserControl({ eventType, data }: UserControlMessage): UserControlEvent {
  const size = eventType === USER_CONTROL_EVENT.SET_BUFFER_LENGTH ? SET_BUFFER_LENGTH_SIZE : 4;
  if (data.length < size) return { kind: "unknown", eventType };
  const reader = new ByteReader(data, RtmpError);
  const first = reader.u32();
  switch (eventType) {
    case USER_CONTROL_EVENT.STREAM_BEGIN:
      return { kind: "streamBegin", streamId: first };
    case USER_CONTROL_EVENT.STREAM_EOF:
      return { kind: "streamEof", streamId: first };
    case USER_CONTROL_EVENT.STREAM_DRY:
      return { kind: "streamDry", streamId: first };
    case USER_CONTROL_EVENT.SET_BUFFER_LENGTH:
      return { kind: "setBufferLength", streamId: first, bufferMs: reader.u32() };
    case USER_CONTROL_EVENT.STREAM_IS_RECORDED:
      return { kind: "streamIsRecorded", streamId: first };
    case USER_CONTROL_EVENT.PING_REQUEST:
      return { kind: "pingRequest", timestampMs: first };
    case USER_CONTROL_EVENT.PING_RESPONSE:
      return { kind: "pingResponse", timestampMs: first };
    case USER_CONTROL_EVENT.BUFFER_EMPTY:
      return { kind: "bufferEmpty", streamId: first };
    case USER_CONTROL_EVENT.BUFFER_READY:
      return { kind: "bufferReady", streamId: first };
    default:
      return { kind: "unknown", eventType };
  }
}

/** The message of an event; of an unknown one there are no data. */
export function userControl(event: UserControlEvent): UserControlMessage {
  switch (event.kind) {
    case "setBufferLength":
      return withNumbers(USER_CONTROL_EVENT.SET_BUFFER_LENGTH, event.streamId, event.bufferMs);
    case "pingRequest":
      return withNumbers(USER_CONTROL_EVENT.PING_REQUEST, event.timestampMs);
    case "pingResponse":
      return withNumbers(USER_CONTROL_EVENT.PING_RESPONSE, event.timestampMs);
    case "unknown":
      return withNumbers(event.eventType);
    default:
      return withNumbers(STREAM_EVENTS[event.kind], event.streamId);
  }
}

function withNumbers(eventType: number, ...values: readonly number[]): UserControlMessage {
  const data = new ByteWriter(8);
  for (const value of values) data.u32(value);
  return { kind: "userControl", eventType, data: data.take() };
}
