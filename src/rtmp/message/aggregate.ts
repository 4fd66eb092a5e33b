import { ByteReader } from "../../bytes/byte_reader.ts";
import type { RawMessage } from "../chunk/reader.ts";
import { MESSAGE_TYPE } from "./message.ts";
import { RtmpError } from "../rtmp_error.ts";

/**
 * Messages in one aggregate. A server that makes them takes what half a second holds; empty ones,
 * fifteen bytes long, could be half a million in a message of the largest size.
 */
export const MAX_AGGREGATED_MESSAGES = 4096;

/** The length of header and payload, behind each: for reading backwards. */
const BACK_POINTER_LENGTH = 4;

/**
 * The messages in an aggregate message (RTMP 7.1.6), one at a time.
 *
 * Their timestamps count from wherever the sender liked: the first stands for that of the aggregate,
 * the others keep their distance from it. Their message stream is the aggregate's. Payloads borrow
 * from the aggregate's. Back pointers are not looked at, and the last may be missing.
 *
 * @example
 * ```ts
 * import { AggregateReader } from "./aggregate.ts";
 *
 * const payload = Uint8Array.of(8, 0, 0, 1, 0, 0, 5, 0, 0, 0, 0, 0xaf, 0, 0, 0, 12);
 * const raw = { chunkStreamId: 6, typeId: 22, streamId: 1, timestampMs: 1000, payload };
 * const audio = new AggregateReader(raw).next(); // typeId 8, timestampMs 1000, 1 byte
 * ```
 */
export class AggregateReader {
  readonly #aggregate: RawMessage;
  readonly #reader: ByteReader;
  #count = 0;
  #firstMs = 0;

  constructor(aggregate: RawMessage) {
    this.#aggregate = aggregate;
    this.#reader = new ByteReader(aggregate.payload, RtmpError);
  }

  /**
   * The next message, or `undefined` behind the last.
   *
   * @throws {RtmpError} if one is cut short, is an aggregate itself, or there are too many.
   */
  next(): RawMessage | undefined {
    const reader = this.#reader;
    if (reader.remaining === 0) return undefined;
    this.#count++;
    if (this.#count > MAX_AGGREGATED_MESSAGES) {
      throw new RtmpError(`Cannot read aggregate: at most ${MAX_AGGREGATED_MESSAGES} messages`);
    }
    const typeId = reader.u8();
    if (typeId === MESSAGE_TYPE.AGGREGATE) {
      throw new RtmpError("Cannot read aggregate: must not hold another aggregate");
    }
    const length = reader.u24();
    const timestampMs = (reader.u24() | (reader.u8() << 24)) >>> 0;
    reader.skip(3);
    const payload = reader.bytes(length);
    reader.skip(Math.min(BACK_POINTER_LENGTH, reader.remaining));
    if (this.#count === 1) this.#firstMs = timestampMs;
    return {
      chunkStreamId: this.#aggregate.chunkStreamId,
      typeId,
      streamId: this.#aggregate.streamId,
      timestampMs: (this.#aggregate.timestampMs + timestampMs - this.#firstMs) >>> 0,
      payload,
    };
  }
}
