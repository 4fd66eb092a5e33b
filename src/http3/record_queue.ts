import { ByteQueue } from "../bytes/byte_queue.ts";
import { Http3Code, Http3Error } from "./http3_error.ts";
import { MAX_VARINT_SIZE, readCodePoint, readVarint } from "./varint.ts";

/** Bytes that are passed over of one stream in all. Browsers send some dozens. */
export const MAX_SKIPPED_BYTES = 64 * 1024;

/** What most requests fit into. */
const QUEUE_SIZE = 512;

/** What a record begins with. */
export interface RecordHead {
  /** Infinity for a type above 2^53-1. */
  readonly type: number;
  /** Bytes of the payload. */
  readonly length: number;
  /** Bytes of type and length. */
  readonly headLength: number;
}

/**
 * Records of a type, a length and a payload that come in pieces: frames (RFC 9114 7.1) and capsules
 * (RFC 9297 3.2) have that form.
 */
export class RecordQueue {
  #queue = new ByteQueue(QUEUE_SIZE);
  #hasGrown = false;
  #skippedBytes = 0;
  /** Bytes of a payload that is passed over which did not come yet: the queue is empty then. */
  #toSkip = 0;

  /** Whether nothing came that was not taken, and nothing is still to come to be passed over. */
  get isEmpty(): boolean {
    return this.#queue.length === 0 && this.#toSkip === 0;
  }

  /** Takes a copy of what has come. */
  push(piece: Uint8Array): void {
    const skipped = Math.min(this.#toSkip, piece.length);
    this.#toSkip -= skipped;
    this.#queue.push(piece.subarray(skipped));
    this.#hasGrown ||= this.#queue.length > QUEUE_SIZE;
  }

  /**
   * Takes the head of the next record; `undefined` if it needs more. The payload behind it is to be
   * taken or skipped before the next one.
   *
   * @throws {Http3Error} excessiveLoad, if the length is above 2^53-1
   */
  takeHead(): RecordHead | undefined {
    this.#shrink();
    const bytes = this.#queue.peek(Math.min(this.#queue.length, 2 * MAX_VARINT_SIZE))!;
    const type = readCodePoint(bytes, 0);
    const length = type && readVarint(bytes, type.end);
    if (type === undefined || length === undefined) return undefined;
    this.#queue.skip(length.end);
    return { type: type.value, length: length.value, headLength: length.end };
  }

  /** A payload, which belongs to the caller; `undefined` if it needs more. */
  takePayload(length: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#queue.take(length)?.slice() as Uint8Array<ArrayBuffer> | undefined;
  }

  /** What has come of a payload, borrowed until the next push; `undefined` if that is nothing. */
  takePiece(length: number): Uint8Array | undefined {
    if (this.#queue.length === 0) return undefined;
    return this.#queue.take(Math.min(length, this.#queue.length));
  }

  /**
   * Passes over the payload of a record whose head was taken; nothing of it is held.
   *
   * @throws {Http3Error} excessiveLoad, if that is more than {@linkcode MAX_SKIPPED_BYTES} in all,
   * heads included
   */
  skip(head: RecordHead): void {
    this.count(head);
    const held = Math.min(head.length, this.#queue.length);
    this.#queue.skip(held);
    this.#toSkip = head.length - held;
  }

  /** Counts a record as skipped that is not: one that is of no interest. */
  count({ headLength, length }: RecordHead): void {
    this.#skippedBytes += headLength + length;
    if (this.#skippedBytes <= MAX_SKIPPED_BYTES) return;
    throw new Http3Error(
      Http3Code.excessiveLoad,
      `Cannot skip what is unknown: must be up to ${MAX_SKIPPED_BYTES} bytes of a stream, ` +
        `got ${this.#skippedBytes}`,
    );
  }

  /** Lets go of the room that a large piece took: a stream may live long without another one. */
  #shrink(): void {
    if (!this.#hasGrown || this.#queue.length > 0) return;
    this.#queue = new ByteQueue(QUEUE_SIZE);
    this.#hasGrown = false;
  }
}
