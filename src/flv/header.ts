/** Bytes of the FLV header (FLV 10.1 E.2). */
export const FLV_HEADER_SIZE = 9;

const FLAG_AUDIO = 0b100;
const FLAG_VIDEO = 0b001;

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
