import { STATUS_CODE } from "@std/http/status";
import { ByteQueue } from "../bytes/byte_queue.ts";
import { HttpError } from "./http_error.ts";

/** Bytes of the line before a chunk: its size, and extensions that nobody uses. */
export const MAX_CHUNK_LINE_LENGTH = 256;

/** Bytes of all trailer fields together, which are read over. */
export const MAX_TRAILERS_LENGTH = 4096;

const CR = 0x0d;
const LF = 0x0a;

const CHUNK_LINE = /^([0-9a-fA-F]{1,8})[ \t]*(?:;[\t\x20-\x7e]*)?$/;

/** A body of chunks that is being read (RFC 9112 7.1). */
export class ChunkedBody {
  readonly #maxLength: number;
  /** One buffer for all chunks: a client may make them of one byte each. */
  readonly #body = new ByteQueue(1024);
  #length = 0;
  #trailersLength = 0;
  #state: "size" | "data" | "data-end" | "trailers" = "size";
  #chunkLength = 0;

  /** @param maxLength bytes that the body may have */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /**
   * Takes what `queue` has of the body, and leaves what comes behind it.
   *
   * @returns the whole body; `undefined` if it needs more
   * @throws {HttpError} with status 400 or 413
   */
  take(queue: ByteQueue): Uint8Array<ArrayBuffer> | undefined {
    for (;;) {
      switch (this.#state) {
        case "size": {
          const line = takeLine(queue, MAX_CHUNK_LINE_LENGTH);
          if (line === undefined) return undefined;
          this.#beginChunk(line);
          break;
        }
        case "data": {
          const data = queue.take(this.#chunkLength);
          if (data === undefined) return undefined;
          this.#body.push(data);
          this.#state = "data-end";
          break;
        }
        case "data-end": {
          const line = takeLine(queue, 0);
          if (line === undefined) return undefined;
          this.#state = "size";
          break;
        }
        case "trailers": {
          const line = takeLine(queue, MAX_TRAILERS_LENGTH - this.#trailersLength);
          if (line === undefined) return undefined;
          if (line === "") return this.#body.take(this.#length)!.slice() as Uint8Array<ArrayBuffer>;
          this.#trailersLength += line.length;
        }
      }
    }
  }

  #beginChunk(line: string): void {
    const match = CHUNK_LINE.exec(line);
    if (match === null) {
      // Without the text: it may be a piece of the body, and of what is secret in it.
      throw new HttpError(
        STATUS_CODE.BadRequest,
        `Cannot read body: chunk size must be hexadecimal, got a line of ${line.length} bytes`,
      );
    }
    this.#chunkLength = parseInt(match[1]!, 16);
    this.#length += this.#chunkLength;
    requireBodyLength(this.#length, this.#maxLength);
    this.#state = this.#chunkLength === 0 ? "trailers" : "data";
  }
}

/** @throws {HttpError} with status 413 if a body is longer than it may be */
export function requireBodyLength(length: number, maxLength: number): void {
  if (length <= maxLength) return;
  throw new HttpError(
    STATUS_CODE.ContentTooLarge,
    `Cannot read body: must have up to ${maxLength} bytes, got ${length}`,
  );
}

/** The next line without its end, which leaves the queue; `undefined` if it needs more. */
function takeLine(queue: ByteQueue, maxLength: number): string | undefined {
  const bytes = queue.peek(Math.min(queue.length, maxLength + 2))!;
  const end = bytes.indexOf(LF);
  if (end > 0 && bytes[end - 1] === CR) {
    const line = String.fromCharCode(...bytes.subarray(0, end - 1));
    queue.skip(end + 1);
    return line;
  }
  if (end >= 0 || bytes.length === maxLength + 2) {
    throw new HttpError(
      STATUS_CODE.BadRequest,
      `Cannot read body: line must end with CR LF within ${maxLength} bytes`,
    );
  }
  return undefined;
}
