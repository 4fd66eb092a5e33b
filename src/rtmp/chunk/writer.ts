import type { ByteWriter } from "../../bytes/byte_writer.ts";
import {
  DEFAULT_CHUNK_SIZE,
  EXTENDED_TIMESTAMP,
  MAX_CHUNK_SIZE,
  type RawMessage,
} from "./reader.ts";
import { writeBasicHeader } from "./header.ts";
import { RtmpError } from "../rtmp_error.ts";

/** What a message length of 24 bits can say. */
const MAX_MESSAGE_LENGTH = 0xffffff;

/** The last message of a chunk stream, as far as a type 1 header refers to it. */
interface LastHeader {
  readonly streamId: number;
  readonly timestampMs: number;
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
 * import { ByteWriter } from "../../bytes/byte_writer.ts";
 * import { ChunkWriter } from "./writer.ts";
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
    const { payload, chunkStreamId } = message;
    if (payload.length > MAX_MESSAGE_LENGTH) {
      throw new RtmpError(
        `Cannot write message: must be up to ${MAX_MESSAGE_LENGTH} bytes, got ${payload.length}`,
      );
    }
    const field = this.#writeHeader(message, out);
    let offset = this.#writePayload(payload, 0, field, out);
    while (offset < payload.length) {
      writeBasicHeader(3, chunkStreamId, out);
      offset = this.#writePayload(payload, offset, field, out);
    }
  }

  #writePayload(payload: Uint8Array, offset: number, field: number, out: ByteWriter): number {
    if (field >= EXTENDED_TIMESTAMP) out.u32(field);
    const end = Math.min(offset + this.#chunkSize, payload.length);
    out.bytes(payload.subarray(offset, end));
    return end;
  }

  /** Writes the first chunk's header and returns its timestamp field, which may need 32 bits. */
  #writeHeader(message: RawMessage, out: ByteWriter): number {
    const { chunkStreamId, streamId, timestampMs, payload } = message;
    const last = this.#last.get(chunkStreamId);
    const isDelta = last !== undefined && last.streamId === streamId &&
      timestampMs >= last.timestampMs;
    const timestampField = isDelta ? timestampMs - last.timestampMs : timestampMs;
    writeBasicHeader(isDelta ? 1 : 0, chunkStreamId, out);
    out.u24(Math.min(timestampField, EXTENDED_TIMESTAMP)).u24(payload.length).u8(message.typeId);
    if (!isDelta) out.u32le(streamId);
    this.#last.set(chunkStreamId, { streamId, timestampMs });
    return timestampField;
  }
}
