/** Frames of one superframe (VP9 annex B.2.2). */
export const MAX_VP9_FRAMES = 8;

/** In front of and behind an index: a mark, bytes of a size less one, frames less one. */
const INDEX_MARK = 0b1100_0000;

/** The sizes are of four bytes each: an index is small beside its frames. */
const SIZE_BYTES = 4;

/** In an index: bytes of a size less one, and frames less one. */
const SIZE_BYTES_MASK = 0b11;
const FRAMES_MASK = 0b111;

/**
 * The frames of a superframe (VP9 annex B), which borrow from it; what has no index that fits is one
 * frame.
 */
export function splitVp9Frames(data: Uint8Array): Uint8Array[] {
  const mark = data.at(-1) ?? 0;
  const sizeBytes = (mark >> 3 & SIZE_BYTES_MASK) + 1;
  const count = (mark & FRAMES_MASK) + 1;
  const index = data.length - (2 + sizeBytes * count);
  const hasIndex = (mark & 0b1110_0000) === INDEX_MARK && index >= 0 && data[index] === mark;
  if (!hasIndex) return [data];
  const frames: Uint8Array[] = [];
  let begin = 0;
  for (let at = 0; at < count; at++) {
    let size = 0;
    for (let byte = sizeBytes; byte-- > 0;) {
      size = size * 256 + data[index + 1 + at * sizeBytes + byte]!;
    }
    if (begin + size > index) return [data];
    // A frame of no bytes is none that was left out.
    if (size > 0) frames.push(data.subarray(begin, begin + size));
    begin += size;
  }
  return frames;
}

/**
 * Frames of one time as VP9 carries them: one as it is, several as a superframe with its index (VP9
 * annex B), up to {@linkcode MAX_VP9_FRAMES}.
 *
 * @param frames each in pieces, which are copied
 */
export function joinVp9Frames(
  frames: readonly (readonly Uint8Array[])[],
): Uint8Array<ArrayBuffer> {
  const sizes = frames.map((pieces) => pieces.reduce((sum, { length }) => sum + length, 0));
  const indexSize = frames.length > 1 ? 2 + SIZE_BYTES * frames.length : 0;
  const joined = new Uint8Array(sizes.reduce((sum, size) => sum + size, indexSize));
  let at = 0;
  for (const piece of frames.flat()) {
    joined.set(piece, at);
    at += piece.length;
  }
  if (indexSize === 0) return joined;
  const mark = INDEX_MARK | (SIZE_BYTES - 1) << 3 | (frames.length - 1);
  const view = new DataView(joined.buffer);
  joined[at] = joined[joined.length - 1] = mark;
  for (const [index, size] of sizes.entries()) {
    view.setUint32(at + 1 + SIZE_BYTES * index, size, true);
  }
  return joined;
}
