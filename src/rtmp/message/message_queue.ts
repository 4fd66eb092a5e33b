import { ByteReader } from "../../bytes/byte_reader.ts";
import type { ByteWriter } from "../../bytes/byte_writer.ts";
import type { RawMessage } from "../chunk/reader.ts";
import { ChunkWriter } from "../chunk/writer.ts";
import { MESSAGE_TYPE } from "./message.ts";
import { RtmpError } from "../rtmp_error.ts";

/** Bytes that wait in one lane: some seconds of a stream. */
const DEFAULT_MAX_QUEUED_BYTES = 4 * 1024 * 1024;

/** What a message costs beside its payload, so that empty ones are bounded too. */
const MESSAGE_COST = 64;

/** Chunks of higher priority that a message sees pass by before its own chunk is due. */
export const MAX_CHUNKS_PASSED = 8;

/** Everything but media, then audio, then video: what is small and urgent goes first. */
const LANE = { CONTROL: 0, AUDIO: 1, VIDEO: 2 } as const;

/** Messages of one priority, in their order; the first may have been written in part. */
interface Lane {
  readonly messages: RawMessage[];
  /** What they cost together. */
  heldBytes: number;
  /** Bytes of the first message's payload that have been written, or -1 if it has not begun. */
  written: number;
  /** Chunks of other lanes written since it was this lane's turn. */
  passed: number;
}

/**
 * Messages on their way out, interleaved chunk by chunk: a large picture does not hold up the sound
 * or an answer, and no lane waits for more than {@linkcode MAX_CHUNKS_PASSED} chunks.
 *
 * Order holds within a priority (control, commands and data; audio; video) and not between them. A
 * Set Chunk Size takes effect for the chunks behind it.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "../../bytes/byte_writer.ts";
 * import { MessageQueue } from "./message_queue.ts";
 *
 * const queue = new MessageQueue();
 * const payload = new Uint8Array(1000);
 * queue.push({ chunkStreamId: 6, typeId: 9, streamId: 1, timestampMs: 20, payload });
 * queue.push({ chunkStreamId: 4, typeId: 8, streamId: 1, timestampMs: 20, payload });
 * const out = new ByteWriter();
 * while (queue.writeChunk(out)); // audio first
 * ```
 */
export class MessageQueue {
  readonly #maxBytes: number;
  readonly #chunks = new ChunkWriter();
  readonly #lanes: readonly Lane[] = [LANE.CONTROL, LANE.AUDIO, LANE.VIDEO].map(() => ({
    messages: [],
    heldBytes: 0,
    written: -1,
    passed: 0,
  }));

  /** @param maxBytes what audio, video, and all the rest may each hold */
  constructor(maxBytes = DEFAULT_MAX_QUEUED_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** What waits: payloads, and something for each message's headers. */
  get heldBytes(): number {
    let sum = 0;
    for (const lane of this.#lanes) sum += lane.heldBytes;
    return sum;
  }

  /**
   * Adds a message, whose payload belongs to the queue from here on.
   *
   * @returns false, and takes nothing, if its lane is full: no lane can crowd out another
   */
  push(message: RawMessage): boolean {
    const lane = this.#lanes[laneOf(message.typeId)]!;
    const cost = message.payload.length + MESSAGE_COST;
    if (lane.heldBytes + cost > this.#maxBytes) return false;
    lane.heldBytes += cost;
    lane.messages.push(message);
    return true;
  }

  /**
   * Writes a whole message past the queue, which must be empty.
   *
   * @throws {RtmpError} if it cannot be written: too long, or no chunk stream id.
   */
  writeNow(message: RawMessage, out: ByteWriter): void {
    this.#chunks.write(message, out);
    this.#onWritten(message);
  }

  /**
   * Writes the chunk that is due.
   *
   * @returns false if nothing waits
   * @throws {RtmpError} if its message cannot be written: too long, or no chunk stream id.
   */
  writeChunk(out: ByteWriter): boolean {
    const lane = this.#nextLane();
    if (lane === undefined) return false;
    const message = lane.messages[0]!;
    lane.written = lane.written < 0
      ? this.#chunks.writeFirst(message, out)
      : this.#chunks.writeNext(message, lane.written, out);
    for (const other of this.#lanes) {
      if (other !== lane && other.messages.length > 0) other.passed++;
    }
    lane.passed = 0;
    if (lane.written === message.payload.length) this.#finish(lane, message);
    return true;
  }

  #finish(lane: Lane, message: RawMessage): void {
    lane.messages.shift();
    lane.written = -1;
    lane.heldBytes -= message.payload.length + MESSAGE_COST;
    this.#onWritten(message);
  }

  #onWritten(message: RawMessage): void {
    if (message.typeId !== MESSAGE_TYPE.SET_CHUNK_SIZE) return;
    this.#chunks.setChunkSize(new ByteReader(message.payload, RtmpError).u32());
  }

  /** The lane that has waited for too long, or else the one of the highest priority. */
  #nextLane(): Lane | undefined {
    let next: Lane | undefined;
    for (const lane of this.#lanes) {
      if (lane.messages.length === 0 || this.#isBlocked(lane)) continue;
      if (lane.passed >= MAX_CHUNKS_PASSED) return lane;
      next ??= lane;
    }
    return next;
  }

  /** Whether its next message would cut into one of another lane on the same chunk stream. */
  #isBlocked(lane: Lane): boolean {
    if (lane.written >= 0) return false;
    const { chunkStreamId } = lane.messages[0]!;
    return this.#lanes.some((other) =>
      other !== lane && other.written >= 0 && other.messages[0]!.chunkStreamId === chunkStreamId
    );
  }
}

function laneOf(typeId: number): number {
  switch (typeId) {
    case MESSAGE_TYPE.AUDIO:
      return LANE.AUDIO;
    case MESSAGE_TYPE.VIDEO:
    case MESSAGE_TYPE.AGGREGATE:
      return LANE.VIDEO;
    default:
      return LANE.CONTROL;
  }
}
