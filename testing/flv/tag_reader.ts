import { ByteQueue } from "../../src/bytes/byte_queue.ts";
import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { FlvError } from "../../src/flv/flv_error.ts";
import { FLV_HEADER_SIZE } from "../../src/flv/header.ts";
import {
  MAX_TAG_BODY_SIZE,
  TAG_AUDIO,
  TAG_HEADER_SIZE,
  TAG_OVERHEAD,
  TAG_SCRIPT,
  TAG_VIDEO,
} from "../../src/flv/tag.ts";

/** A version 1 header has 9 bytes; later versions may add to it, but hardly more than this. */
export const MAX_FLV_HEADER_SIZE = 1024;

/** Bit of the type byte: the body is encrypted, behind a header of its own (FLV 10.1 E.4.1, F.3). */
const FILTER_FLAG = 0x20;

const TYPE_MASK = 0x1f;

/** What an {@linkcode FlvReader} finds: the header first, then tags. */
export type FlvRecord = FlvHeaderRecord | FlvTagRecord;

export interface FlvHeaderRecord {
  readonly kind: "header";
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
}

export interface FlvTagRecord {
  readonly kind: "tag";
  /** `TAG_AUDIO`, `TAG_VIDEO`, `TAG_SCRIPT`, or a number FLV does not define. */
  readonly type: number;
  /** All 32 bits, unsigned. */
  readonly timestampMs: number;
  /** The body is not what its type says, but encrypted. Never true under `strict`. */
  readonly isEncrypted: boolean;
  /** Borrows from the reader: holds until the next `push`. */
  readonly body: Uint8Array;
}

/** Of an {@linkcode FlvReader}. */
export interface FlvReaderOptions {
  /**
   * Refuse what players overlook: a wrong PreviousTagSize or stream id, a reserved bit, a tag type
   * FLV does not define, an encrypted tag. For checking what a server sends.
   */
  readonly strict?: boolean;
  /** Bytes of one body; the reader holds no more than this and its frame. */
  readonly maxBodySize?: number;
}

/**
 * Reads an FLV file or live stream that arrives in pieces (FLV 10.1 E.2 to E.4). After an error it
 * is of no further use.
 *
 * @example
 * ```ts
 * import { writeFlvHeader } from "../../src/flv/header.ts";
 * import { FlvReader } from "./tag_reader.ts";
 *
 * const flv = new FlvReader({ strict: true });
 * flv.push(writeFlvHeader({ hasAudio: false, hasVideo: true }));
 * let record;
 * while ((record = flv.next())) record.kind; // "header"
 * ```
 */
export class FlvReader {
  readonly #queue = new ByteQueue();
  readonly #strict: boolean;
  readonly #maxBodySize: number;
  #state: "header" | "tags" = "header";

  constructor({ strict = false, maxBodySize = MAX_TAG_BODY_SIZE }: FlvReaderOptions = {}) {
    this.#strict = strict;
    this.#maxBodySize = maxBodySize;
  }

  /** Bytes pushed that belong to no record yet; 0 at the end of a whole file. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Copies `piece`. */
  push(piece: Uint8Array): void {
    this.#queue.push(piece);
  }

  /**
   * The next record, or `undefined` if more bytes are needed.
   *
   * @throws {FlvError} if the bytes are no FLV or exceed a limit.
   */
  next(): FlvRecord | undefined {
    return this.#state === "header" ? this.#nextHeader() : this.#nextTag();
  }

  #nextHeader(): FlvHeaderRecord | undefined {
    const start = this.#queue.peek(FLV_HEADER_SIZE);
    if (start === undefined) return undefined;
    const { hasAudio, hasVideo, size } = parseFlvHeader(start);
    if (size > MAX_FLV_HEADER_SIZE) {
      throw new FlvError(
        `Cannot read FLV header: must be up to ${MAX_FLV_HEADER_SIZE} bytes, got ${size}`,
      );
    }
    const header = this.#queue.peek(size + 4);
    if (header === undefined) return undefined;
    if (this.#strict) {
      this.#expect(header[4]! & 0b1111_1010, 0, "reserved bits of the header");
      this.#expect(new ByteReader(header, FlvError, size).u32(), 0, "PreviousTagSize0");
    }
    this.#queue.skip(size + 4);
    this.#state = "tags";
    return { kind: "header", hasAudio, hasVideo };
  }

  #nextTag(): FlvTagRecord | undefined {
    const start = this.#queue.peek(TAG_HEADER_SIZE);
    if (start === undefined) return undefined;
    const reader = new ByteReader(start, FlvError);
    const typeByte = reader.u8();
    const bodySize = reader.u24();
    const lowerTimestamp = reader.u24();
    const timestampMs = reader.u8() * 0x100_0000 + lowerTimestamp;
    if (bodySize > this.#maxBodySize) {
      throw new FlvError(
        `Cannot read tag: body must be up to ${this.#maxBodySize} bytes, got ${bodySize}`,
      );
    }
    if (this.#strict) this.#checkTagHeader(typeByte, reader.u24());
    const tag = this.#queue.peek(bodySize + TAG_OVERHEAD);
    if (tag === undefined) return undefined;
    const bodyEnd = TAG_HEADER_SIZE + bodySize;
    if (this.#strict) {
      const previousTagSize = new ByteReader(tag, FlvError, bodyEnd).u32();
      this.#expect(previousTagSize, bodyEnd, "PreviousTagSize");
    }
    this.#queue.skip(tag.length);
    return {
      kind: "tag",
      type: typeByte & TYPE_MASK,
      timestampMs,
      isEncrypted: (typeByte & FILTER_FLAG) !== 0,
      body: tag.subarray(TAG_HEADER_SIZE, bodyEnd),
    };
  }

  #checkTagHeader(typeByte: number, streamId: number): void {
    if (typeByte !== TAG_AUDIO && typeByte !== TAG_VIDEO && typeByte !== TAG_SCRIPT) {
      throw new FlvError(`Cannot read tag: type must be 8, 9 or 18, unencrypted, got ${typeByte}`);
    }
    this.#expect(streamId, 0, "stream id");
  }

  #expect(value: number, wanted: number, what: string): void {
    if (value === wanted) return;
    throw new FlvError(`Cannot read FLV strictly: ${what} must be ${wanted}, got ${value}`);
  }
}

/** "FLV" */
const SIGNATURE = 0x464c56;

const FLAG_AUDIO = 0b100;
const FLAG_VIDEO = 0b001;

/** What a file or live stream says of itself before its first tag. */
export interface FlvHeader {
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
  /** Bytes from the start of the file to PreviousTagSize0; {@linkcode FLV_HEADER_SIZE} in version 1. */
  readonly size: number;
}

/**
 * Parses the FLV header at the start of `bytes` (FLV 10.1 E.2); what follows it is left alone.
 *
 * @throws {FlvError} if it is short, or not the header of an FLV file of version 1.
 */
export function parseFlvHeader(bytes: Uint8Array): FlvHeader {
  const reader = new ByteReader(bytes, FlvError);
  const signature = reader.u24();
  const version = reader.u8();
  if (signature !== SIGNATURE || version !== 1) {
    throw new FlvError(
      `Cannot parse FLV header: must start with "FLV" and version 1, got 0x${
        signature.toString(16)
      } and ${version}`,
    );
  }
  const flags = reader.u8();
  const size = reader.u32();
  if (size < FLV_HEADER_SIZE) {
    throw new FlvError(
      `Cannot parse FLV header: must be from ${FLV_HEADER_SIZE} bytes, got ${size}`,
    );
  }
  return { hasAudio: (flags & FLAG_AUDIO) !== 0, hasVideo: (flags & FLAG_VIDEO) !== 0, size };
}
