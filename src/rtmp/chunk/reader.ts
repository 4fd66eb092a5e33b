import { freeBuffer } from "../../bytes/free_buffer.ts";
import { ByteReader } from "../../bytes/byte_reader.ts";
import {
  basicHeaderLength,
  chunkStreamIdAt,
  type ChunkType,
  matchU32,
  MESSAGE_HEADER_LENGTHS,
} from "./header.ts";
import { RtmpError } from "../rtmp_error.ts";

/** What both directions start with (RTMP 5.4.1). */
export const DEFAULT_CHUNK_SIZE = 128;

/** A message length has 24 bits, so that a larger chunk says nothing more (RTMP 5.4.1). */
export const MAX_CHUNK_SIZE = 16 * 1024 * 1024;

/** The largest chunk size that a peer may announce: the first bit must be 0 (RTMP 5.4.1). */
export const MAX_ANNOUNCED_CHUNK_SIZE = 0x7fffffff;

/** A timestamp field with this value announces an extended timestamp (RTMP 5.3.1.3). */
export const EXTENDED_TIMESTAMP = 0xffffff;

/** The largest key frames seen in the wild are below 4 MiB; a message could announce 16. */
export const DEFAULT_MAX_MESSAGE_LENGTH = 8 * 1024 * 1024;

/** Encoders use up to six chunk streams; each costs memory. */
const DEFAULT_MAX_CHUNK_STREAMS = 64;

/** Room for two messages of the default limit cut into each other, or one of the longest. */
export const DEFAULT_MAX_PARTIAL_BYTES = 16 * 1024 * 1024;

/** What a message in parts gets at first: most inter frames fit. */
const FIRST_BUFFER_LENGTH = 16 * 1024;

/** Larger buffers are not kept for the next message. */
const MAX_SPARE_LENGTH = 1024 * 1024;

const NOTHING = new Uint8Array(0);

/** A whole message as the chunk layer carries it; `payload` is borrowed. */
export interface RawMessage {
  readonly chunkStreamId: number;
  readonly typeId: number;
  readonly streamId: number;
  /** 0 to 2^32 - 1; wraps around after 49.7 days. */
  readonly timestampMs: number;
  readonly payload: Uint8Array;
}

/** Limits on what a peer can make a {@linkcode ChunkReader} hold. */
export interface ChunkLimits {
  /** Bytes of one message. */
  readonly maxMessageLength?: number;
  /** Chunk streams ever used on the connection. */
  readonly maxChunkStreams?: number;
  /** Bytes held for messages that are not whole, on all chunk streams together. */
  readonly maxPartialBytes?: number;
  /**
   * Told how many bytes that takes now, before they are taken and when they are not any more; says
   * why it cannot be more.
   */
  readonly hold?: (bytes: number) => string | undefined;
}

/** One chunk stream: the header that later chunks refer to, and the message under way. */
interface ChunkStream {
  readonly id: number;
  typeId: number;
  streamId: number;
  timestampMs: number;
  /** The timestamp field last read, extended or not: what a type 3 chunk repeats. */
  timestampField: number;
  hasExtendedTimestamp: boolean;
  length: number;
  /** Bytes of the message under way that have arrived, or -1 if there is none. */
  received: number;
  buffer: Uint8Array;
}

/**
 * Puts messages together from chunks (RTMP 5.3).
 *
 * `push` borrows its piece until `next` has returned `undefined`. A payload that lies whole in the
 * piece is a view of it; others are copied once as they arrive, into memory that grows with what
 * has arrived, not with what was announced. (A read that ends within a chunk's header makes for one
 * copy more.) Payloads hold until the next call of `push` or `next`.
 *
 * Set Chunk Size and Abort are messages like any other here: the owner calls
 * {@linkcode setChunkSize} and {@linkcode abort} before the next `next`.
 *
 * Tolerated: a chunk stream that begins with type 1 (its timestamp then counts from 0), and type 3
 * chunks with and without the extended timestamp. A type 3 chunk that starts a message repeats the
 * last timestamp field, type 0's too (RTMP 5.3.1.2.4): ffmpeg writes so.
 *
 * @example
 * ```ts
 * import { ChunkReader } from "./reader.ts";
 *
 * const chunks = new ChunkReader();
 * chunks.push(Uint8Array.of(0x04, 0, 0, 20, 0, 0, 2, 8, 1, 0, 0, 0, 0xaf, 0x01));
 * const message = chunks.next(); // audio: typeId 8, streamId 1, timestampMs 20, 2 bytes
 * ```
 */
export class ChunkReader {
  readonly #maxChunkStreams: number;
  readonly #streams = new Map<number, ChunkStream>();
  readonly #hold: ChunkLimits["hold"];
  #maxMessageLength: number;
  #maxPartialBytes: number;
  #chunkSize = DEFAULT_CHUNK_SIZE;
  #input: Uint8Array = NOTHING;
  #reader = new ByteReader(NOTHING, RtmpError);
  /** The chunk stream whose chunk is being read, and the bytes of that chunk still to come. */
  #current: ChunkStream | undefined;
  #chunkRemaining = 0;
  #partialBytes = 0;
  #spare: Uint8Array = NOTHING;

  constructor(limits: ChunkLimits = {}) {
    this.#maxMessageLength = limits.maxMessageLength ?? DEFAULT_MAX_MESSAGE_LENGTH;
    this.#maxChunkStreams = limits.maxChunkStreams ?? DEFAULT_MAX_CHUNK_STREAMS;
    this.#maxPartialBytes = limits.maxPartialBytes ?? DEFAULT_MAX_PARTIAL_BYTES;
    this.#hold = limits.hold;
  }

  /** Adds bytes from the peer; they are borrowed until {@linkcode next} returns `undefined`. */
  push(piece: Uint8Array): void {
    const left = this.#input.length - this.#reader.offset;
    this.#setInput(left === 0 ? piece : joined(this.#input.subarray(this.#reader.offset), piece));
  }

  /**
   * The next whole message, or `undefined` if more bytes are needed.
   *
   * @throws {RtmpError} if a header refers to a chunk stream never seen, a message is interrupted
   * by another on its chunk stream, or a limit is exceeded.
   */
  next(): RawMessage | undefined {
    while (true) {
      const stream = this.#reader.remaining === 0 ? undefined : this.#current ?? this.#readHeader();
      if (stream === undefined) {
        // The piece goes back to its owner: keep what is left, part of a header at most.
        this.#setInput(this.#input.slice(this.#reader.offset));
        return undefined;
      }
      const payload = this.#readPayload(stream);
      if (payload !== undefined) {
        return {
          chunkStreamId: stream.id,
          typeId: stream.typeId,
          streamId: stream.streamId,
          timestampMs: stream.timestampMs,
          payload,
        };
      }
    }
  }

  /**
   * Sets the size of the chunks that follow, those of messages under way included. Sizes above
   * {@linkcode MAX_CHUNK_SIZE} mean the same as that. No memory depends on it.
   *
   * @throws {RtmpError} if it is not 1 to {@linkcode MAX_ANNOUNCED_CHUNK_SIZE}.
   */
  setChunkSize(size: number): void {
    if (!(size >= 1 && size <= MAX_ANNOUNCED_CHUNK_SIZE)) {
      throw new RtmpError(
        `Cannot set chunk size: must be 1..${MAX_ANNOUNCED_CHUNK_SIZE}, got ${size}`,
      );
    }
    this.#chunkSize = Math.min(size, MAX_CHUNK_SIZE);
  }

  /** Sets the limit on the messages that follow, in bytes. */
  setMaxMessageLength(length: number): void {
    this.#maxMessageLength = length;
  }

  /** Sets the limit on what is held for messages that are not whole, in bytes. */
  setMaxPartialBytes(byteCount: number): void {
    this.#maxPartialBytes = byteCount;
  }

  /** Drops the message under way on a chunk stream, if there is one (RTMP 5.4.2). */
  abort(chunkStreamId: number): void {
    const stream = this.#streams.get(chunkStreamId);
    if (stream !== undefined && stream.received >= 0) this.#release(stream);
  }

  /** Nothing more is read: gives the memory of messages back at once. */
  close(): void {
    for (const { buffer } of this.#streams.values()) if (buffer !== NOTHING) freeBuffer(buffer);
    if (this.#spare !== NOTHING) freeBuffer(this.#spare);
    this.#streams.clear();
    this.#spare = NOTHING;
  }

  #setInput(input: Uint8Array): void {
    this.#input = input;
    this.#reader = new ByteReader(input, RtmpError);
  }

  /** Reads a chunk's header and makes its stream current; `undefined` if it is not whole. */
  #readHeader(): ChunkStream | undefined {
    const input = this.#input;
    const reader = this.#reader;
    const at = reader.offset;
    const type = (input[at]! >> 6) as ChunkType;
    const basicLength = basicHeaderLength(input[at]!);
    const headerLength = basicLength + MESSAGE_HEADER_LENGTHS[type];
    if (reader.remaining < headerLength) return undefined;
    if (type === 3) return this.#readRepeatedHeader(basicLength);

    const isExtended = input[at + basicLength] === 0xff && input[at + basicLength + 1] === 0xff &&
      input[at + basicLength + 2] === 0xff;
    if (isExtended && reader.remaining < headerLength + 4) return undefined;
    const stream = this.#streamOf(chunkStreamIdAt(input, at), type);
    if (stream.received >= 0) {
      throw new RtmpError(
        `Cannot start message on chunk stream ${stream.id}: ` +
          `${stream.received} of ${stream.length} bytes of the last one have arrived`,
      );
    }
    reader.skip(basicLength);
    let field = reader.u24();
    if (type <= 1) {
      stream.length = reader.u24();
      stream.typeId = reader.u8();
    }
    if (type === 0) stream.streamId = reader.u32le();
    if (isExtended) field = reader.u32();
    stream.hasExtendedTimestamp = isExtended;
    stream.timestampField = field;
    stream.timestampMs = type === 0 ? field : (stream.timestampMs + field) >>> 0;
    return this.#startMessage(stream);
  }

  /** Reads a type 3 header: it goes on with a message, or starts one like the last. */
  #readRepeatedHeader(basicLength: number): ChunkStream | undefined {
    const reader = this.#reader;
    const at = reader.offset;
    const stream = this.#streamOf(chunkStreamIdAt(this.#input, at), 3);
    let extendedLength = 0;
    if (stream.hasExtendedTimestamp) {
      const match = this.#repeatsTimestamp(stream, at + basicLength);
      if (match === undefined) return undefined;
      extendedLength = match ? 4 : 0;
    }
    reader.skip(basicLength + extendedLength);
    if (stream.received < 0) {
      stream.timestampMs = (stream.timestampMs + stream.timestampField) >>> 0;
      return this.#startMessage(stream);
    }
    return this.#startChunk(stream);
  }

  /**
   * Whether the extended timestamp stands at `at` again; `undefined` if that needs more bytes.
   *
   * RTMP 5.3.1.3 repeats it, as ffmpeg does; librtmp and its kin do not; some repeat the message's
   * timestamp instead of the field. So the bytes decide, in each chunk: no encoder is taken for
   * another, and four bytes of payload look like the timestamp once in four billion chunks.
   */
  #repeatsTimestamp(stream: ChunkStream, at: number): boolean | undefined {
    const isField = matchU32(this.#input, at, stream.timestampField);
    if (isField === true || stream.timestampMs === stream.timestampField) return isField;
    const isTimestamp = matchU32(this.#input, at, stream.timestampMs);
    return isTimestamp === true || isField === isTimestamp ? isTimestamp : undefined;
  }

  #streamOf(id: number, type: ChunkType): ChunkStream {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    if (type > 1) {
      throw new RtmpError(
        `Cannot read chunk: chunk stream ${id} must begin with type 0, got ${type}`,
      );
    }
    if (this.#streams.size >= this.#maxChunkStreams) {
      throw new RtmpError(`Cannot open chunk stream ${id}: at most ${this.#maxChunkStreams}`);
    }
    const stream: ChunkStream = {
      id,
      typeId: 0,
      streamId: 0,
      timestampMs: 0,
      timestampField: 0,
      hasExtendedTimestamp: false,
      length: 0,
      received: -1,
      buffer: NOTHING,
    };
    this.#streams.set(id, stream);
    return stream;
  }

  #startMessage(stream: ChunkStream): ChunkStream {
    if (stream.length > this.#maxMessageLength) {
      throw new RtmpError(
        `Cannot read message of type ${stream.typeId}: ` +
          `must be up to ${this.#maxMessageLength} bytes, got ${stream.length}`,
      );
    }
    stream.received = 0;
    return this.#startChunk(stream);
  }

  #startChunk(stream: ChunkStream): ChunkStream {
    this.#current = stream;
    this.#chunkRemaining = Math.min(this.#chunkSize, stream.length - stream.received);
    return stream;
  }

  /** Takes what has arrived of the current chunk; the payload if that makes the message whole. */
  #readPayload(stream: ChunkStream): Uint8Array | undefined {
    const part = this.#reader.bytes(Math.min(this.#chunkRemaining, this.#reader.remaining));
    if (part.length === stream.length) {
      stream.received = -1;
      this.#current = undefined;
      return part;
    }
    if (part.length > 0) this.#append(stream, part);
    this.#chunkRemaining -= part.length;
    if (this.#chunkRemaining === 0) this.#current = undefined;
    if (stream.received < stream.length) return undefined;
    const payload = stream.buffer.subarray(0, stream.length);
    this.#release(stream);
    return payload;
  }

  #append(stream: ChunkStream, part: Uint8Array): void {
    const needed = stream.received + part.length;
    if (needed > stream.buffer.length) this.#grow(stream, needed);
    stream.buffer.set(part, stream.received);
    stream.received = needed;
  }

  #grow(stream: ChunkStream, needed: number): void {
    const isSpare = stream.buffer.length === 0 && this.#spare.length >= needed;
    const wanted = Math.max(needed, stream.buffer.length * 2, FIRST_BUFFER_LENGTH);
    const length = isSpare
      ? this.#spare.length
      : Math.min(wanted, Math.max(stream.length, FIRST_BUFFER_LENGTH));
    const partialBytes = this.#partialBytes + length - stream.buffer.length;
    if (partialBytes > this.#maxPartialBytes) {
      throw new RtmpError(
        `Cannot hold unfinished messages: up to ${this.#maxPartialBytes} bytes, ` +
          `got ${partialBytes}`,
      );
    }
    const refusal = this.#hold?.(partialBytes + (isSpare ? 0 : this.#spare.length));
    if (refusal !== undefined) throw new RtmpError(`Cannot hold unfinished messages: ${refusal}`);
    const grown = isSpare ? this.#spare : new Uint8Array(length);
    if (isSpare) this.#spare = NOTHING;
    this.#partialBytes = partialBytes;
    grown.set(stream.buffer.subarray(0, stream.received));
    stream.buffer = grown;
  }

  /** Ends the message under way; its memory serves the next one, which spares the collector. */
  #release(stream: ChunkStream): void {
    this.#partialBytes -= stream.buffer.length;
    const isKept = stream.buffer.length > this.#spare.length &&
      stream.buffer.length <= MAX_SPARE_LENGTH;
    if (isKept) this.#spare = stream.buffer;
    stream.buffer = NOTHING;
    stream.received = -1;
    this.#hold?.(this.#partialBytes + this.#spare.length);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
