import type { H264SliceHeader } from "./slice_header.ts";
import type { H264PicOrderCycle, H264Sps } from "./sps.ts";

/** Counts the order in which frames are shown, PicOrderCnt (H.264 8.2.1). */
export class H264PictureOrder {
  #previousMsb = 0;
  #previousLsb = 0;
  #previousFrameNum = 0;
  #frameNumOffset = 0;
  #msb = 0;
  #top = 0;
  #bottom = 0;

  /**
   * The order count of a frame: it is shown before every one with a higher count. Not for fields.
   * Call {@linkcode finish} before the next picture.
   */
  countOf(header: H264SliceHeader, sps: H264Sps): number {
    if (header.isIdr) {
      this.#previousMsb = 0;
      this.#previousLsb = 0;
      this.#previousFrameNum = 0;
      this.#frameNumOffset = 0;
    }
    if (sps.picOrderCntType === 0) {
      this.#countByLsb(header, sps);
    } else {
      if (this.#previousFrameNum > header.frameNum) this.#frameNumOffset += 2 ** sps.frameNumBits;
      if (sps.picOrderCycle === undefined) this.#countByFrameNum(header);
      else this.#countByCycle(header, sps.picOrderCycle);
    }
    return Math.min(this.#top, this.#bottom);
  }

  /**
   * Ends the picture that was counted last.
   *
   * @returns its count as later pictures see it, which a reset (operation 5) changes
   */
  finish(header: H264SliceHeader, hasReset: boolean): number {
    this.#previousFrameNum = hasReset ? 0 : header.frameNum;
    if (hasReset) {
      const first = Math.min(this.#top, this.#bottom);
      this.#frameNumOffset = 0;
      this.#previousMsb = 0;
      this.#previousLsb = this.#top - first;
      return 0;
    }
    if (header.isReference) {
      this.#previousMsb = this.#msb;
      this.#previousLsb = header.picOrderCntLsb;
    }
    return Math.min(this.#top, this.#bottom);
  }

  /** Type 0 (H.264 8.2.1.1). */
  #countByLsb(header: H264SliceHeader, sps: H264Sps): void {
    const range = 2 ** sps.picOrderCntLsbBits;
    const step = header.picOrderCntLsb - this.#previousLsb;
    this.#msb = this.#previousMsb;
    if (step <= -range / 2) this.#msb += range;
    else if (step > range / 2) this.#msb -= range;
    this.#top = this.#msb + header.picOrderCntLsb;
    this.#bottom = this.#top + header.deltaPicOrderCntBottom;
  }

  /** Type 1 (H.264 8.2.1.2). */
  #countByCycle(header: H264SliceHeader, cycle: H264PicOrderCycle): void {
    const { offsetsForRefFrame: offsets } = cycle;
    let frame = offsets.length === 0 ? 0 : this.#frameNumOffset + header.frameNum;
    if (!header.isReference && frame > 0) frame--;
    let expected = 0;
    if (frame > 0) {
      const inCycle = (frame - 1) % offsets.length;
      let sum = 0;
      let begun = 0;
      for (let index = 0; index < offsets.length; index++) {
        sum += offsets[index]!;
        if (index <= inCycle) begun = sum;
      }
      expected = ((frame - 1 - inCycle) / offsets.length) * sum + begun;
    }
    if (!header.isReference) expected += cycle.offsetForNonRefPic;
    this.#top = expected + header.deltaPicOrderCnt;
    this.#bottom = this.#top + cycle.offsetForTopToBottomField + header.deltaPicOrderCntBottom;
  }

  /** Type 2: shown as decoded (H.264 8.2.1.3). */
  #countByFrameNum(header: H264SliceHeader): void {
    const frame = this.#frameNumOffset + header.frameNum;
    this.#top = 2 * frame - (header.isReference ? 0 : 1);
    this.#bottom = this.#top;
  }
}
