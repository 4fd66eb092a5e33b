import { type H264ReferenceFrame, NON_EXISTING, SHORT_TERM } from "./reference_frame.ts";
import { H264ReferenceList } from "./reference_list.ts";
import type { H264SliceHeader } from "./slice_header.ts";
import type { H264Marking } from "./slice_references.ts";
import type { H264Sps } from "./sps.ts";

/** memory_management_control_operation 5: all frames are unused from now on. */
const RESET = 5;

/** Whether decoding this picture ends with no other reference frames and frame_num 0. */
export function hasReset(header: H264SliceHeader): boolean {
  return header.markings.some(({ operation }) => operation === RESET);
}

/**
 * The reference frames of one decoder, by the headers of what it gets: sliding window and adaptive
 * marking (H.264 8.2.5), and frames that frame_num leaves out. Frames only, no fields.
 *
 * Where frame_num leaves out frames although the SPS does not allow it, this does what decoders do,
 * libavcodec and browsers' hardware decoders: the same as where it is allowed.
 */
export class H264ReferenceFrames {
  readonly #list = new H264ReferenceList();
  #frames: H264ReferenceFrame[] = [];
  #maxFrameNum = 16;
  #maxFrames = 1;
  /** PrevRefFrameNum (H.264 7.4.3). */
  #referenceFrameNum = 0;
  /** frame_num of the last picture, reference or not. */
  #lastFrameNum = 0;
  #isDefined = true;
  #hasMarkedMissing = false;

  /** Whether all decoders agree on the frames; if not, they do again from the next IDR picture. */
  get isDefined(): boolean {
    return this.#isDefined;
  }

  /** Whether the last picture marked a frame that is not there, which strict decoders refuse. */
  get hasMarkedMissing(): boolean {
    return this.#hasMarkedMissing;
  }

  /** Begins a picture: fills in what frame_num left out, and numbers the frames anew. */
  begin(header: H264SliceHeader, sps: H264Sps): void {
    this.#maxFrameNum = 2 ** sps.frameNumBits;
    this.#maxFrames = Math.max(1, sps.maxRefFrames);
    if (header.isIdr) {
      this.#frames.length = 0;
      this.#referenceFrameNum = header.frameNum;
      this.#lastFrameNum = header.frameNum;
      this.#isDefined = true;
      return;
    }
    const { frameNum, isReference } = header;
    if (frameNum === this.#referenceFrameNum) {
      // Two reference frames of one number: which one a list means is anybody's guess.
      if (isReference) this.#isDefined = false;
    } else {
      // Decoders that measure the gap from the last picture see another than those that follow
      // 8.2.5.2 and measure from the last reference picture.
      const last = this.#lastFrameNum;
      if (last !== this.#referenceFrameNum && last !== frameNum) this.#isDefined = false;
      this.#fillGap(frameNum);
    }
    this.#numberFrames(frameNum);
  }

  /**
   * List 0 of a P slice as far as it is in use, with `undefined` where it has no frame (H.264
   * 8.2.4.2.1 and 8.2.4.3). Valid until the next call.
   */
  listOf(header: H264SliceHeader): readonly (H264ReferenceFrame | undefined)[] {
    return this.#list.build(this.#frames, header, this.#maxFrameNum);
  }

  /** Ends the picture: marks the frames as its header tells, and adds it if it is a reference. */
  finish(header: H264SliceHeader, pictureId: number, isExact: boolean): void {
    this.#lastFrameNum = header.frameNum;
    this.#hasMarkedMissing = false;
    if (!header.isReference) return;
    let longTermFrameIdx = header.isLongTermIdr ? 0 : SHORT_TERM;
    let { frameNum } = header;
    if (header.hasAdaptiveMarking) {
      for (const marking of header.markings) {
        if (marking.operation === 6) longTermFrameIdx = marking.longTerm;
        if (marking.operation === RESET) frameNum = 0;
        this.#mark(marking, header.frameNum);
      }
      if (this.#frames.length >= this.#maxFrames) this.#overflow();
    } else {
      this.#slide();
    }
    this.#referenceFrameNum = frameNum;
    this.#lastFrameNum = frameNum;
    this.#frames.push({ pictureId, isExact, frameNum, picNum: frameNum, longTermFrameIdx });
  }

  #fillGap(frameNum: number): void {
    const max = this.#maxFrameNum;
    const missing = (frameNum - this.#referenceFrameNum - 1 + max) % max;
    // More would only push out one another.
    for (let back = Math.min(missing, this.#maxFrames); back > 0; back--) {
      const left = (frameNum - back + max) % max;
      this.#numberFrames(left);
      this.#slide();
      this.#frames.push({
        pictureId: NON_EXISTING,
        isExact: false,
        frameNum: left,
        picNum: left,
        longTermFrameIdx: SHORT_TERM,
      });
      this.#referenceFrameNum = left;
    }
  }

  #numberFrames(frameNum: number): void {
    for (const frame of this.#frames) {
      const isBehind = frame.frameNum > frameNum;
      frame.picNum = isBehind ? frame.frameNum - this.#maxFrameNum : frame.frameNum;
    }
  }

  /** Sliding window (H.264 8.2.5.3): makes room for one frame. */
  #slide(): void {
    if (this.#frames.length < this.#maxFrames) return;
    this.#removeOldest();
  }

  /** A marking that leaves no room breaks the standard, and only libavcodec's way out is known. */
  #overflow(): void {
    this.#isDefined = false;
    this.#removeOldest();
  }

  #removeOldest(): void {
    let oldest = -1;
    for (let at = 0; at < this.#frames.length; at++) {
      const { longTermFrameIdx, picNum } = this.#frames[at]!;
      if (longTermFrameIdx !== SHORT_TERM) continue;
      if (oldest < 0 || picNum < this.#frames[oldest]!.picNum) oldest = at;
    }
    // Only long-term frames: the sliding window has nothing that it may take (H.264 8.2.5.3).
    if (oldest < 0) this.#isDefined = false;
    this.#frames.splice(Math.max(0, oldest), 1);
  }

  #mark({ operation, picNumDifference, longTerm }: H264Marking, currentPicNum: number): void {
    const picNum = currentPicNum - picNumDifference;
    if (operation <= 3) this.#hasMarkedMissing ||= !this.#has(operation, picNum, longTerm);
    switch (operation) {
      case 1:
        this.#removeWhere((frame) =>
          frame.longTermFrameIdx === SHORT_TERM && frame.picNum === picNum
        );
        break;
      case 2:
      case 6:
        this.#removeWhere((frame) => frame.longTermFrameIdx === longTerm);
        break;
      case 3:
        this.#assignLongTerm(picNum, longTerm);
        break;
      case 4:
        this.#removeWhere((frame) => frame.longTermFrameIdx >= longTerm);
        break;
      case RESET:
        this.#frames.length = 0;
        break;
    }
  }

  /** Whether the frame is there that operation 1, 2 or 3 names. */
  #has(operation: number, picNum: number, longTermFrameIdx: number): boolean {
    return this.#frames.some((frame) =>
      operation === 2
        ? frame.longTermFrameIdx === longTermFrameIdx
        : frame.longTermFrameIdx === SHORT_TERM && frame.picNum === picNum
    );
  }

  #assignLongTerm(picNum: number, longTermFrameIdx: number): void {
    this.#removeWhere((frame) => frame.longTermFrameIdx === longTermFrameIdx);
    for (const frame of this.#frames) {
      if (frame.longTermFrameIdx === SHORT_TERM && frame.picNum === picNum) {
        frame.longTermFrameIdx = longTermFrameIdx;
      }
    }
  }

  #removeWhere(isGone: (frame: H264ReferenceFrame) => boolean): void {
    const at = this.#frames.findIndex(isGone);
    if (at < 0) return;
    this.#frames = this.#frames.filter((frame) => !isGone(frame));
  }
}
