/**
 * Shared object messages (RTMP 7.1.3): a room of named values that Flash clients share over a
 * server. The document names the events only; the layout is what Flash Player sends.
 */
import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { RtmpError } from "../rtmp_error.ts";

/** Characters of a name are bytes here: what other names have, in any alphabet. */
export const MAX_SHARED_OBJECT_NAME_SIZE = 1024;

/** Events in one message: one for each property that changed at once. */
export const MAX_SHARED_OBJECT_EVENTS = 256;

/** Event types (RTMP 7.1.3). */
export const SHARED_OBJECT_EVENT = {
  USE: 1,
  RELEASE: 2,
  REQUEST_CHANGE: 3,
  CHANGE: 4,
  SUCCESS: 5,
  SEND_MESSAGE: 6,
  STATUS: 7,
  CLEAR: 8,
  REMOVE: 9,
  REQUEST_REMOVE: 10,
  USE_SUCCESS: 11,
} as const;

/** Something that happens to a shared object. */
export interface SharedObjectEvent {
  /** One of {@linkcode SHARED_OBJECT_EVENT}, or any other. */
  readonly type: number;
  /** As the type has it, mostly a property's name and value. Borrowed. */
  readonly data: Uint8Array;
}

/** What a shared object message says. */
export interface SharedObjectMessage {
  readonly name: string;
  /** Counts the object's changes. */
  readonly version: number;
  /** Whether the object outlives its users. */
  readonly isPersistent: boolean;
  readonly events: readonly SharedObjectEvent[];
}

/** The flags' first word for an object that persists; the second word is always 0. */
const PERSISTENT_FLAG = 2;

/**
 * Reads the payload of a shared object message, AMF0's: that of AMF3 has one byte before it.
 *
 * @throws {RtmpError} if it is cut short, or exceeds a limit.
 */
export function parseSharedObject(payload: Uint8Array): SharedObjectMessage {
  const reader = new ByteReader(payload, RtmpError);
  const nameSize = reader.u16();
  if (nameSize > MAX_SHARED_OBJECT_NAME_SIZE) {
    throw new RtmpError(
      `Cannot read shared object: name must be up to ${MAX_SHARED_OBJECT_NAME_SIZE} bytes, ` +
        `got ${nameSize}`,
    );
  }
  const name = reader.utf8(nameSize);
  const version = reader.u32();
  const isPersistent = reader.u32() === PERSISTENT_FLAG;
  reader.skip(4);
  const events: SharedObjectEvent[] = [];
  while (reader.remaining > 0) {
    if (events.length === MAX_SHARED_OBJECT_EVENTS) {
      throw new RtmpError(`Cannot read shared object: at most ${MAX_SHARED_OBJECT_EVENTS} events`);
    }
    const type = reader.u8();
    events.push({ type, data: reader.bytes(reader.u32()) });
  }
  return { name, version, isPersistent, events };
}

/** The payload of a shared object message, which the caller owns. */
export function encodeSharedObject(message: SharedObjectMessage): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  writeText(out, message.name);
  out.u32(message.version).u32(message.isPersistent ? PERSISTENT_FLAG : 0).u32(0);
  for (const { type, data } of message.events) out.u8(type).u32(data.length).bytes(data);
  return out.take();
}

/**
 * What a server that keeps no shared objects says to `message`: no access to read to a peer that
 * would use one, none to write to a peer that changes one. `undefined` if there is nothing to say.
 */
export function refuseSharedObject(message: SharedObjectMessage): SharedObjectMessage | undefined {
  const { name, version, isPersistent } = message;
  const code = refusalOf(message.events);
  if (code === undefined) return undefined;
  const data = new ByteWriter();
  writeText(data, code);
  writeText(data, "error");
  const status = { type: SHARED_OBJECT_EVENT.STATUS, data: data.take() };
  return { name, version, isPersistent, events: [status] };
}

/**
 * What a server that keeps no shared objects answers to the payload of a shared object message. One
 * that cannot be read asks for nothing that could be answered: it is no reason to end a connection.
 */
export function answerSharedObject(payload: Uint8Array): SharedObjectMessage | undefined {
  try {
    return refuseSharedObject(parseSharedObject(payload));
  } catch (error) {
    if (error instanceof RtmpError) return undefined;
    throw error;
  }
}

function refusalOf(events: readonly SharedObjectEvent[]): string | undefined {
  let code: string | undefined;
  for (const { type } of events) {
    switch (type) {
      case SHARED_OBJECT_EVENT.USE:
        return "SharedObject.NoReadAccess";
      case SHARED_OBJECT_EVENT.REQUEST_CHANGE:
      case SHARED_OBJECT_EVENT.SEND_MESSAGE:
      case SHARED_OBJECT_EVENT.REQUEST_REMOVE:
        code = "SharedObject.NoWriteAccess";
    }
  }
  return code;
}

function writeText(out: ByteWriter, text: string): void {
  const at = out.length;
  out.u16(0).utf8(text);
  out.patchU16(at, out.length - at - 2);
}
