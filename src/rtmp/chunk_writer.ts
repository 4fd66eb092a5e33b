import type { ByteWriter } from "../bytes/byte_writer.ts";
import {
  DEFAULT_CHUNK_SIZE,
  EXTENDED_TIMESTAMP,
  MAX_CHUNK_SIZE,
  type RawMessage,
} from "./chunk_reader.ts";
import { RtmpError } from "./rtmp_error.ts";

/** What a message length of 24 bits can say. */
const MAX_MESSAGE_LENGTH = 0xffffff;

/** What a chunk stream id of 16 bits can say (RTMP 5.3.1.1). */
const MAX_CHUNK_STREAM_ID = 65_599;

/** The last message of a chunk stream, as far as a type 1 header refers to it. */
interface LastHeader {
  streamId: number;
  timestampMs: number;
}

/**
 * Cuts messages into chunks (RTMP 5.3).
 *
 * A message starts with type 1 if time has not gone back since the last on its chunk stream and
 * the message stream is the same, else with type 0; its other chunks are of type 3, each with the
 * extended timestamp if there is one.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "../bytes/byte_writer.ts";
 * import { ChunkWriter } from "./chunk_writer.ts";
 *
 * const out = new ByteWriter();
 * const payload = Uint8Array.of(0xaf, 0x01);
 * new ChunkWriter().write(
 *   { chunkStreamId: 4, typeId: 8, streamId: 1, timestampMs: 20, payload },
 *   out,
 * );
 * const bytes = out.take(); // 14 bytes
 * ```
 */
export class ChunkWriter {
  readonly #last = new Map<number, LastHeader>();
  #chunkSize = DEFAULT_CHUNK_SIZE;

  /**
   * Sets the size of the chunks that follow; the peer must have been told by Set Chunk Size.
   *
   * @throws {RtmpError} if it is not 1 to {@linkcode MAX_CHUNK_SIZE}.
   */
  setChunkSize(size: number): void {
    if (!(size >= 1 && size <= MAX_CHUNK_SIZE)) {
      throw new RtmpError(`Cannot set chunk size: must be 1..${MAX_CHUNK_SIZE}, got ${size}`);
    }
    this.#chunkSize = size;
  }

  /**
   * Writes the chunks of `message` to `out`; its payload is copied.
   *
   * @throws {RtmpError} if its length or its chunk stream id cannot be written.
   */
  write(message: RawMessage, out: ByteWriter): void {
    const { chunkStreamId, timestampMs, payload } = message;
    if (payload.length > MAX_MESSAGE_LENGTH) {
      throw new RtmpError(
        `Cannot write message: must be up to ${MAX_MESSAGE_LENGTH} bytes, got ${payload.length}`,
      );
    }
    const field = this.#writeHeader(message, out);
    for (let at = 0; at < payload.length || at === 0; at += this.#chunkSize) {
      if (at > 0) writeBasicHeader(3, chunkStreamId, out);
      if (field >= EXTENDED_TIMESTAMP) out.u32(field);
      out.bytes(payload.subarray(at, at + this.#chunkSize));
    }
    this.#last.set(chunkStreamId, { streamId: message.streamId, timestampMs });
  }

  /** Writes the first chunk's header and returns its timestamp field, which may need 32 bits. */
  #writeHeader(message: RawMessage, out: ByteWriter): number {
    const { chunkStreamId, streamId, timestampMs, payload } = message;
    const last = this.#last.get(chunkStreamId);
    const isDelta = last !== undefined && last.streamId === streamId &&
      timestampMs >= last.timestampMs;
    const field = isDelta ? timestampMs - last.timestampMs : timestampMs;
    writeBasicHeader(isDelta ? 1 : 0, chunkStreamId, out);
    out.u24(Math.min(field, EXTENDED_TIMESTAMP)).u24(payload.length).u8(message.typeId);
    if (!isDelta) out.u32le(streamId);
    return field;
  }
}

function writeBasicHeader(type: 0 | 1 | 3, chunkStreamId: number, out: ByteWriter): void {
  const typeBits = type * 64;
  if (chunkStreamId < 2 || chunkStreamId > MAX_CHUNK_STREAM_ID) {
    throw new RtmpError(
      `Cannot write chunk stream id: must be 2..${MAX_CHUNK_STREAM_ID}, got ${chunkStreamId}`,
    );
  }
  if (chunkStreamId < 64) {
    out.u8(typeBits + chunkStreamId);
  } else if (chunkStreamId < 64 + 256) {
    out.u8(typeBits).u8(chunkStreamId - 64);
  } else {
    const beyond = chunkStreamId - 64;
    out.u8(typeBits + 1).u8(beyond % 256).u8(Math.floor(beyond / 256));
  }
}
