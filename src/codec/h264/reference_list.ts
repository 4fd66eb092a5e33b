import { type H264ReferenceFrame, SHORT_TERM } from "./reference_frame.ts";
import type { H264SliceHeader } from "./slice_header.ts";
import type { H264ListModification } from "./slice_references.ts";

type Entry = H264ReferenceFrame | undefined;

/** Builds list 0 of P slices of frames, in memory of its own that it uses again. */
export class H264ReferenceList {
  readonly #entries: Entry[] = [];

  /**
   * @param frames with PicNum relative to the slice's picture
   * @returns as many entries as the slice uses; valid until the next call
   */
  build(
    frames: readonly H264ReferenceFrame[],
    header: H264SliceHeader,
    maxFrameNum: number,
  ): readonly Entry[] {
    const entries = this.#entries;
    entries.length = 0;
    for (const frame of frames) entries.push(frame);
    entries.sort(compareEntries);
    this.#resize(header.activeReferences);
    if (header.modifications.length > 0) this.#modify(frames, header, maxFrameNum);
    return entries;
  }

  /** Modification (H.264 8.2.4.3): each step puts one frame before all that follow. */
  #modify(
    frames: readonly H264ReferenceFrame[],
    { frameNum, activeReferences, modifications }: H264SliceHeader,
    maxFrameNum: number,
  ): void {
    let predicted = frameNum;
    for (let index = 0; index < modifications.length && index < activeReferences; index++) {
      const modification = modifications[index]!;
      if (modification.kind === "long-term") {
        this.#put(index, frames.find((frame) => frame.longTermFrameIdx === modification.value));
        continue;
      }
      predicted = step(predicted, modification, maxFrameNum);
      const picNum = predicted > frameNum ? predicted - maxFrameNum : predicted;
      this.#put(
        index,
        frames.find((frame) => frame.longTermFrameIdx === SHORT_TERM && frame.picNum === picNum),
      );
    }
  }

  /** Equations 8-37 and 8-38: what stood there moves up, and the frame's other place closes. */
  #put(index: number, frame: Entry): void {
    const entries = this.#entries;
    const length = entries.length;
    let place = index;
    while (place < length - 1 && (frame === undefined || entries[place] !== frame)) place++;
    for (let at = place; at > index; at--) entries[at] = entries[at - 1];
    entries[index] = frame;
  }

  #resize(length: number): void {
    while (this.#entries.length < length) this.#entries.push(undefined);
    this.#entries.length = length;
  }
}

/** Equations 8-34 and 8-35: picNumLXNoWrap. */
function step(predicted: number, { kind, value }: H264ListModification, maxFrameNum: number) {
  const next = kind === "subtract" ? predicted - value : predicted + value;
  return next < 0 ? next + maxFrameNum : next >= maxFrameNum ? next - maxFrameNum : next;
}

/** H.264 8.2.4.2.1: the newest first, then long-term frames by their index. */
function compareEntries(left: Entry, right: Entry): number {
  const leftIdx = left!.longTermFrameIdx;
  const rightIdx = right!.longTermFrameIdx;
  if (leftIdx === SHORT_TERM && rightIdx === SHORT_TERM) return right!.picNum - left!.picNum;
  if (leftIdx === SHORT_TERM) return -1;
  return rightIdx === SHORT_TERM ? 1 : leftIdx - rightIdx;
}
