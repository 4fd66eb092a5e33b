import { ByteReader } from "../bytes/byte_reader.ts";
import { FlvError } from "./flv_error.ts";

/** Bytes of the FLV header (FLV 10.1 E.2). */
export const FLV_HEADER_SIZE = 9;

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
 * The FLV header and PreviousTagSize0: the 13 bytes in front of the first tag. The caller owns
 * them. The flags must be true to what follows: players wait for what they announce.
 *
 * @example
 * ```ts
 * import { writeFlvHeader } from "./header.ts";
 *
 * const preamble = writeFlvHeader({ hasAudio: true, hasVideo: true });
 * ```
 */
export function writeFlvHeader(
  { hasAudio, hasVideo }: { readonly hasAudio: boolean; readonly hasVideo: boolean },
): Uint8Array<ArrayBuffer> {
  const flags = (hasAudio ? FLAG_AUDIO : 0) | (hasVideo ? FLAG_VIDEO : 0);
  return Uint8Array.of(0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, FLV_HEADER_SIZE, 0, 0, 0, 0);
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
