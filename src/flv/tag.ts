import { FlvError } from "./flv_error.ts";

/** Tag types (FLV 10.1 E.4.1); the same numbers as RTMP message types. */
export const TAG_AUDIO = 8;
export const TAG_VIDEO = 9;
export const TAG_SCRIPT = 18;

export type TagType = typeof TAG_AUDIO | typeof TAG_VIDEO | typeof TAG_SCRIPT;

/** Bytes in front of a tag's body: type, size, timestamp, stream id. */
export const TAG_HEADER_SIZE = 11;

/** Bytes a tag adds to its body: its header and the PreviousTagSize behind it. */
export const TAG_OVERHEAD = TAG_HEADER_SIZE + 4;

/** DataSize has 24 bits. */
export const MAX_TAG_BODY_SIZE = 0xffffff;

/**
 * Writes one tag and the PreviousTagSize behind it at `offset` of the caller's `target`, which may
 * be a view of shared memory, and returns the bytes written: `body.length + TAG_OVERHEAD`.
 *
 * `timestampMs` is taken modulo 2^32, as FLV's 24 + 8 bits and RTMP's clock are.
 *
 * @throws {FlvError} if `body` is longer than {@linkcode MAX_TAG_BODY_SIZE}, or `target` too short;
 * nothing is written then.
 *
 * @example
 * ```ts
 * import { TAG_OVERHEAD, TAG_VIDEO, writeTag } from "./tag.ts";
 *
 * const body = Uint8Array.of(0x17, 0x02, 0, 0, 0);
 * const target = new Uint8Array(new SharedArrayBuffer(1024));
 * const written = writeTag(target, 0, TAG_VIDEO, 40, body); // body.length + TAG_OVERHEAD
 * ```
 */
export function writeTag(
  target: Uint8Array,
  offset: number,
  type: TagType,
  timestampMs: number,
  body: Uint8Array,
): number {
  const bodySize = body.length;
  if (bodySize > MAX_TAG_BODY_SIZE) {
    throw new FlvError(
      `Cannot write tag: body must be up to ${MAX_TAG_BODY_SIZE} bytes, got ${bodySize}`,
    );
  }
  const size = bodySize + TAG_OVERHEAD;
  if (size > target.length - offset) {
    throw new FlvError(
      `Cannot write tag: needs ${size} bytes at offset ${offset}, has ${target.length - offset}`,
    );
  }
  writeHeader(target, offset, type, timestampMs, bodySize);
  target.set(body, offset + TAG_HEADER_SIZE);
  writeTrailer(target, offset + TAG_HEADER_SIZE + bodySize, bodySize);
  return size;
}

/**
 * One tag with the PreviousTagSize behind it, in a buffer of its own; otherwise as
 * {@linkcode writeTag}.
 */
export function encodeTag(
  type: TagType,
  timestampMs: number,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  if (body.length > MAX_TAG_BODY_SIZE) {
    throw new FlvError(
      `Cannot encode tag: body must be up to ${MAX_TAG_BODY_SIZE} bytes, got ${body.length}`,
    );
  }
  const tag = new Uint8Array(body.length + TAG_OVERHEAD);
  writeTag(tag, 0, type, timestampMs, body);
  return tag;
}

/** What comes in front of a tag's body, for a tag that is written in parts. */
export function tagHeader(
  type: TagType,
  timestampMs: number,
  bodySize: number,
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(TAG_HEADER_SIZE);
  writeHeader(header, 0, type, timestampMs, bodySize);
  return header;
}

/** What comes behind a tag's body. */
export function tagTrailer(bodySize: number): Uint8Array<ArrayBuffer> {
  const trailer = new Uint8Array(TAG_OVERHEAD - TAG_HEADER_SIZE);
  writeTrailer(trailer, 0, bodySize);
  return trailer;
}

function writeHeader(
  target: Uint8Array,
  offset: number,
  type: TagType,
  timestampMs: number,
  bodySize: number,
): void {
  target[offset] = type;
  target[offset + 1] = bodySize >> 16;
  target[offset + 2] = bodySize >> 8;
  target[offset + 3] = bodySize;
  target[offset + 4] = timestampMs >> 16;
  target[offset + 5] = timestampMs >> 8;
  target[offset + 6] = timestampMs;
  // TimestampExtended, the upper 8 bits, comes last (E.4.1).
  target[offset + 7] = timestampMs >> 24;
  target[offset + 8] = 0;
  target[offset + 9] = 0;
  target[offset + 10] = 0;
}

/** PreviousTagSize. */
function writeTrailer(target: Uint8Array, offset: number, bodySize: number): void {
  const previousTagSize = bodySize + TAG_HEADER_SIZE;
  target[offset] = previousTagSize >> 24;
  target[offset + 1] = previousTagSize >> 16;
  target[offset + 2] = previousTagSize >> 8;
  target[offset + 3] = previousTagSize;
}
