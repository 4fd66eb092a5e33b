/** What chunk headers are made of, for reading and for writing (RTMP 5.3.1). */
import type { ByteWriter } from "../../bytes/byte_writer.ts";
import { RtmpError } from "../rtmp_error.ts";

/** How much of the message header a chunk has: all (0) to nothing (3). */
export type ChunkType = 0 | 1 | 2 | 3;

/** What a chunk stream id of 16 bits can say (RTMP 5.3.1.1). */
const MAX_CHUNK_STREAM_ID = 65_599;

/** Bytes of the message header by chunk type (RTMP 5.3.1.2). */
export const MESSAGE_HEADER_LENGTHS = [11, 7, 3, 0] as const;

/** Bytes of a basic header: chunk stream ids take 6, 8 or 16 bits (RTMP 5.3.1.1). */
export function basicHeaderLength(firstByte: number): 1 | 2 | 3 {
  const field = firstByte & 0x3f;
  return field > 1 ? 1 : field === 0 ? 2 : 3;
}

/** The chunk stream id in the whole basic header at `offset`. */
export function chunkStreamIdAt(bytes: Uint8Array, offset: number): number {
  switch (basicHeaderLength(bytes[offset]!)) {
    case 1:
      return bytes[offset]! & 0x3f;
    case 2:
      return 64 + bytes[offset + 1]!;
    case 3:
      return 64 + bytes[offset + 1]! + bytes[offset + 2]! * 256;
  }
}

/** Whether `value` stands at `offset`; `undefined` if the bytes so far could become it. */
export function matchU32(bytes: Uint8Array, offset: number, value: number): boolean | undefined {
  for (let index = 0; index < 4; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) return undefined;
    if (byte !== ((value >>> (24 - 8 * index)) & 0xff)) return false;
  }
  return true;
}

/**
 * Writes the basic header, in the shortest form.
 *
 * @throws {RtmpError} if the chunk stream id cannot be written.
 */
export function writeBasicHeader(type: ChunkType, chunkStreamId: number, out: ByteWriter): void {
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
