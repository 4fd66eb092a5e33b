import { EXTENDED_TIMESTAMP } from "../chunk/reader.ts";
import { MESSAGE_TYPE } from "./message.ts";

/** A media message to players, whose message type is that of its FLV tag. */
export interface MediaHead {
  /** {@linkcode MESSAGE_TYPE}: audio, video or AMF0 data. */
  readonly typeId: number;
  readonly streamId: number;
  /** Taken modulo 2^32. */
  readonly timestampMs: number;
  readonly payloadLength: number;
}

/**
 * Payload of each chunk but the last: what peers are told by Set Chunk Size. Larger chunks mean
 * fewer headers; players take this much from other servers.
 */
export const OUTGOING_CHUNK_SIZE = 65_536;

/** Basic header of one byte, and a message header of type 0 (RTMP 5.3.1.2.1). */
const FIRST_HEADER_SIZE = 12;

/** Basic header of a chunk of type 3. */
const NEXT_HEADER_SIZE = 1;
const EXTENSION_SIZE = 4;

/**
 * Chunk streams of media. They are not those of the session's own messages, whose headers may refer
 * to the ones before them.
 */
const AUDIO_CHUNK_STREAM = 8;
const VIDEO_CHUNK_STREAM = 9;
const DATA_CHUNK_STREAM = 10;

/**
 * Bytes of a media message as chunks.
 *
 * Media messages are the same bytes for all players of a stream: each begins with a header of type 0,
 * which refers to nothing before it, and so may follow any other message.
 */
export function mediaChunksSize(payloadLength: number, timestampMs: number): number {
  const followers = Math.max(0, Math.ceil(payloadLength / OUTGOING_CHUNK_SIZE) - 1);
  const extension = isExtended(timestampMs) ? EXTENSION_SIZE : 0;
  return FIRST_HEADER_SIZE + payloadLength + followers * NEXT_HEADER_SIZE +
    (followers + 1) * extension;
}

/**
 * Writes the header of a message's first chunk at `offset` of the caller's `target`, and returns
 * where its payload goes: {@linkcode OUTGOING_CHUNK_SIZE} bytes of it, unless there are fewer.
 */
export function writeFirstChunkHeader(
  target: Uint8Array,
  offset: number,
  { typeId, streamId, timestampMs, payloadLength }: MediaHead,
): number {
  const field = isExtended(timestampMs) ? EXTENDED_TIMESTAMP : timestampMs;
  target[offset] = chunkStreamOf(typeId);
  target[offset + 1] = field >> 16;
  target[offset + 2] = field >> 8;
  target[offset + 3] = field;
  target[offset + 4] = payloadLength >> 16;
  target[offset + 5] = payloadLength >> 8;
  target[offset + 6] = payloadLength;
  target[offset + 7] = typeId;
  writeStreamId(target, offset, streamId);
  return writeExtension(target, offset + FIRST_HEADER_SIZE, timestampMs);
}

/** Writes the header of a further chunk, as {@linkcode writeFirstChunkHeader} does the first. */
export function writeNextChunkHeader(
  target: Uint8Array,
  offset: number,
  { typeId, timestampMs }: MediaHead,
): number {
  target[offset] = 0xc0 | chunkStreamOf(typeId);
  // RTMP 5.3.1.3: chunks of type 3 repeat the extended timestamp.
  return writeExtension(target, offset + NEXT_HEADER_SIZE, timestampMs);
}

/** A whole media message as chunks, in a buffer of its own. */
export function encodeMediaChunks(
  head: MediaHead,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(mediaChunksSize(payload.length, head.timestampMs));
  let at = writeFirstChunkHeader(bytes, 0, head);
  for (let start = 0; start < payload.length;) {
    const end = Math.min(start + OUTGOING_CHUNK_SIZE, payload.length);
    bytes.set(payload.subarray(start, end), at);
    at += end - start;
    if (end < payload.length) at = writeNextChunkHeader(bytes, at, head);
    start = end;
  }
  return bytes;
}

/**
 * The same messages on another message stream, in a buffer of its own.
 *
 * @param messages whole messages as {@linkcode encodeMediaChunks} makes them
 */
export function withStreamId(messages: Uint8Array, streamId: number): Uint8Array<ArrayBuffer> {
  const copy = messages.slice();
  for (let at = 0; at < copy.length;) {
    const field = (copy[at + 1]! << 16) | (copy[at + 2]! << 8) | copy[at + 3]!;
    const payloadLength = (copy[at + 4]! << 16) | (copy[at + 5]! << 8) | copy[at + 6]!;
    writeStreamId(copy, at, streamId);
    // The field says as much as the timestamp: whether there is an extended one.
    at += mediaChunksSize(payloadLength, field);
  }
  return copy;
}

/** RTMP 5.3.1.2.1: little-endian, unlike all else. */
function writeStreamId(target: Uint8Array, offset: number, streamId: number): void {
  target[offset + 8] = streamId;
  target[offset + 9] = streamId >> 8;
  target[offset + 10] = streamId >> 16;
  target[offset + 11] = streamId >> 24;
}

function isExtended(timestampMs: number): boolean {
  return timestampMs >>> 0 >= EXTENDED_TIMESTAMP;
}

function writeExtension(target: Uint8Array, at: number, timestampMs: number): number {
  if (!isExtended(timestampMs)) return at;
  target[at] = timestampMs >> 24;
  target[at + 1] = timestampMs >> 16;
  target[at + 2] = timestampMs >> 8;
  target[at + 3] = timestampMs;
  return at + EXTENSION_SIZE;
}

function chunkStreamOf(typeId: number): number {
  switch (typeId) {
    case MESSAGE_TYPE.AUDIO:
      return AUDIO_CHUNK_STREAM;
    case MESSAGE_TYPE.VIDEO:
      return VIDEO_CHUNK_STREAM;
    default:
      return DATA_CHUNK_STREAM;
  }
}
