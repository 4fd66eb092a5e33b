import { ifReadable } from "../if_readable.ts";
import { isVp9KeyFrame, parseVp9FrameHeader, type Vp9FrameHeader } from "./frame.ts";
import { hideVp9Frame } from "./hidden_frame.ts";
import type { Vp9PictureSize } from "./picture_size.ts";
import { joinVp9Frames, splitVp9Frames } from "./superframe.ts";

const NO_SIZES: readonly (Vp9PictureSize | undefined)[] = new Array(8).fill(undefined);

interface SizedFrame {
  readonly frame: Uint8Array;
  readonly header: Vp9FrameHeader;
  readonly size: Vp9PictureSize | undefined;
}

/**
 * Of pictures that come in several sizes (spatial layers), only the largest is to be shown. Encoders
 * mark all as shown, and receivers of RTP know better; a decoder that does not, as ffmpeg's, would
 * change its size several times with each picture.
 *
 * @example
 * ```ts
 * import { Vp9LargestShown } from "./largest_shown.ts";
 *
 * const shown = new Vp9LargestShown();
 * const frame = Uint8Array.of(0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0b, 0x30);
 * shown.of(frame) === frame; // true: it has one size
 * ```
 */
export class Vp9LargestShown {
  /** Of each reference, as far as it is known. */
  #sizes = NO_SIZES;
  #isLayered = false;

  /**
   * The same frame or superframe, of whose sizes the last is shown. Frames of one size stay as they are:
   * those behind are predicted by what was shown. To be given all, in order.
   */
  of(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const frames = splitVp9Frames(data);
    const isKeyFrame = isVp9KeyFrame(data);
    this.#isLayered = frames.length > 1 || this.#isLayered && !isKeyFrame;
    // Most pictures have one size, that of their key frame, and are not looked into.
    if (!isKeyFrame && !this.#isLayered) return data;
    const pieces = ifReadable(() => frames.map((frame) => this.#read(frame)).map(piecesOf));
    return pieces?.some(({ length }) => length > 1) ? joinVp9Frames(pieces) : data;
  }

  #read(frame: Uint8Array): SizedFrame {
    const header = parseVp9FrameHeader(frame);
    const { width, height, sizeReference, refreshFrameFlags } = header;
    const size = width !== undefined && height !== undefined
      ? { width, height }
      : this.#sizes[sizeReference ?? -1];
    this.#sizes = this.#sizes.map((before, reference) =>
      (refreshFrameFlags >> reference & 1) === 1 ? size : before
    );
    return { frame, header, size };
  }
}

/** Whether a larger one of the same picture follows, or a smaller one: that is what is shown. */
function isToBeHidden(
  { header, size }: SizedFrame,
  at: number,
  all: readonly SizedFrame[],
): boolean {
  const next = all[at + 1];
  if (next === undefined || size === undefined || !header.showFrame || header.showExistingFrame) {
    return false;
  }
  // It is predicted by nothing that depends on whether this one is shown.
  if (next.header.isErrorResilient || next.header.showExistingFrame) return true;
  if (next.size === undefined) return false;
  return size.width !== next.size.width || size.height !== next.size.height;
}

/** A frame as it is, or in two pieces as a hidden one. */
function piecesOf(sized: SizedFrame, at: number, all: readonly SizedFrame[]): Uint8Array[] {
  const { frame, size } = sized;
  return isToBeHidden(sized, at, all) ? hideVp9Frame(frame, size!.width) : [frame];
}
