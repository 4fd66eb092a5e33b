/** Media time over which rates are measured. */
const WINDOW_MS = 2000;

/**
 * Rates of one track, measured over its own timestamps and not over arrival times, so that bursts
 * do not show.
 */
export class TrackStatistics {
  #windowStartMs: number | undefined;
  #windowBytes = 0;
  #windowFrames = 0;
  #newestKeyFrameMs: number | undefined;

  /** Frames a second over the last full window. */
  frameRate: number | undefined;
  /** Bits a second over the last full window. */
  bitrateBps: number | undefined;
  /** Time between the last two key frames. */
  keyFrameDistanceMs: number | undefined;
  /** Frames in all. */
  frames = 0;

  addFrame(timestampMs: number, byteLength: number, isKeyFrame: boolean): void {
    this.frames++;
    this.#windowStartMs ??= timestampMs;
    const spanMs = (timestampMs - this.#windowStartMs) | 0;
    if (spanMs >= WINDOW_MS) this.#closeWindow(timestampMs, spanMs);
    this.#windowBytes += byteLength;
    this.#windowFrames++;
    if (!isKeyFrame) return;
    if (this.#newestKeyFrameMs !== undefined) {
      this.keyFrameDistanceMs = (timestampMs - this.#newestKeyFrameMs) | 0;
    }
    this.#newestKeyFrameMs = timestampMs;
  }

  /** A window ends where the next frame begins, so it holds whole frame intervals. */
  #closeWindow(timestampMs: number, spanMs: number): void {
    this.frameRate = this.#windowFrames * 1000 / spanMs;
    this.bitrateBps = Math.round(this.#windowBytes * 8000 / spanMs);
    this.#windowStartMs = timestampMs;
    this.#windowBytes = 0;
    this.#windowFrames = 0;
  }
}
