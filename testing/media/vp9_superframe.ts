import { CodecError } from "../../src/codec/codec_error.ts";

/** What a superframe's last byte begins with. */
const SUPERFRAME_MARKER = 0b110;

/**
 * The frames of a superframe (VP9 annex B), which has hidden frames in front of the one shown. They
 * borrow from `data`, the index behind them is left out. Data without an index are one frame.
 *
 * @throws {CodecError} if the sizes of the index exceed the data.
 */
export function splitVp9Superframe(data: Uint8Array): Uint8Array[] {
  const indexStart = superframeIndexStart(data);
  if (indexStart === data.length) return [data];
  const last = data[data.length - 1]!;
  const sizeBytes = ((last >> 3) & 0b11) + 1;
  const frames: Uint8Array[] = [];
  let start = 0;
  for (let at = indexStart + 1; at < data.length - 1; at += sizeBytes) {
    let size = 0;
    for (let byte = sizeBytes - 1; byte >= 0; byte--) size = size * 256 + data[at + byte]!;
    if (size > indexStart - start) {
      throw new CodecError(
        `Cannot split VP9 superframe: frames must end within ${indexStart} bytes, got ${
          start + size
        }`,
      );
    }
    if (size > 0) frames.push(data.subarray(start, start + size)); // decoders pass over empty ones
    start += size;
  }
  return frames;
}

/** Where the index of a superframe starts; the end of `data` if there is none. */
function superframeIndexStart(data: Uint8Array): number {
  const last = data[data.length - 1] ?? 0;
  if (last >> 5 !== SUPERFRAME_MARKER) return data.length;
  const frames = (last & 0b111) + 1;
  const sizeBytes = ((last >> 3) & 0b11) + 1;
  const start = data.length - (2 + frames * sizeBytes);
  // The index begins with the same byte: else a frame ends so by chance.
  return start >= 0 && data[start] === last ? start : data.length;
}
