/** Packets and chunks of SCTP (RFC 9260 3). */
import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { WebrtcError } from "../webrtc_error.ts";
import { crc32c } from "./crc32c.ts";

/** Types of chunks (RFC 9260 3.2, RFC 6525 3, RFC 3758 3.2). */
export const CHUNK = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  cookieEcho: 10,
  cookieAck: 11,
  reconfig: 130,
  forwardTsn: 192,
} as const;

/** Chunks of a packet, at most: one of 1,200 bytes holds few that mean something. */
const MAX_CHUNKS = 32;

const HEADER_SIZE = 12;
const CHECKSUM_AT = 8;
const CHUNK_HEADER_SIZE = 4;

/** What all chunks of a packet share. */
export interface SctpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly verificationTag: number;
}

/** A chunk of a packet, from which `value` is borrowed. */
export interface SctpChunk {
  readonly type: number;
  readonly flags: number;
  readonly value: Uint8Array;
}

/** A packet, taken apart. */
export interface SctpPacket extends SctpHeader {
  readonly chunks: readonly SctpChunk[];
}

/**
 * Parses a packet.
 *
 * @throws {WebrtcError} if it is none, its checksum is wrong, or it has too many chunks
 */
export function parseSctpPacket(bytes: Uint8Array): SctpPacket {
  const reader = new ByteReader(bytes, WebrtcError);
  const [sourcePort, destinationPort] = [reader.u16(), reader.u16()];
  const verificationTag = reader.u32();
  const told = reader.u32le();
  const checked = bytes.slice();
  checked.fill(0, CHECKSUM_AT, HEADER_SIZE);
  const checksum = crc32c(checked);
  if (told !== checksum) {
    throw new WebrtcError(`Cannot read SCTP packet: checksum must be ${checksum}, got ${told}`);
  }
  const chunks: SctpChunk[] = [];
  while (reader.remaining > 0) {
    if (chunks.length === MAX_CHUNKS) {
      throw new WebrtcError(`Cannot read SCTP packet: must have up to ${MAX_CHUNKS} chunks`);
    }
    const [type, flags, length] = [reader.u8(), reader.u8(), reader.u16()];
    if (length < CHUNK_HEADER_SIZE) {
      throw new WebrtcError(
        `Cannot read SCTP chunk: length must be at least ${CHUNK_HEADER_SIZE}, got ${length}`,
      );
    }
    chunks.push({ type, flags, value: reader.bytes(length - CHUNK_HEADER_SIZE) });
    // The last chunk's padding may be missing.
    reader.skip(Math.min(paddingOf(length), reader.remaining));
  }
  return { sourcePort, destinationPort, verificationTag, chunks };
}

/** Writes a packet of chunks that {@linkcode writeChunk} made. */
export function writeSctpPacket(
  { sourcePort, destinationPort, verificationTag }: SctpHeader,
  chunks: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const write = (checksum: number) => {
    const writer = new ByteWriter().u16(sourcePort).u16(destinationPort).u32(verificationTag);
    writer.u32le(checksum);
    for (const chunk of chunks) writer.bytes(chunk);
    return writer.take();
  };
  return write(crc32c(write(0)));
}

/** Writes a chunk, padded to whole words. */
export function writeChunk(
  type: number,
  flags: number,
  value: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const length = CHUNK_HEADER_SIZE + value.length;
  const writer = new ByteWriter(length + 3).u8(type).u8(flags).u16(length).bytes(value);
  return writer.bytes(new Uint8Array(paddingOf(length))).take();
}

/** Bytes behind a chunk or a parameter, up to a whole word. */
export function paddingOf(length: number): number {
  return -length & 3;
}
