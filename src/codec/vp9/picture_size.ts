import { ifReadable } from "../if_readable.ts";
import { parseVp9FrameHeader } from "./frame.ts";
import { splitVp9Frames } from "./superframe.ts";

/** As shown, in pixels. */
export interface Vp9PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * How large a key frame is, or a superframe with a picture in several sizes (spatial layers): that of
 * the largest frame, which is what decoders show.
 *
 * @returns `undefined` if none says a size
 */
export function vp9PictureSize(data: Uint8Array): Vp9PictureSize | undefined {
  let largest: Vp9PictureSize | undefined;
  for (const frame of splitVp9Frames(data)) {
    const { width, height } = ifReadable(() => parseVp9FrameHeader(frame)) ?? {};
    if (width === undefined || height === undefined) continue;
    if (largest === undefined || width * height > largest.width * largest.height) {
      largest = { width, height };
    }
  }
  return largest;
}
