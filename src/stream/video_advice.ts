/** What publishers are told to change, so that their pictures can be shown. */

/** Pictures that came before a configuration, after which none is expected any more. */
const UNCONFIGURED_PICTURES = 10;

/** Time without a key frame that viewers should not have to wait. */
const MAX_KEY_FRAME_DISTANCE_MS = 10_000;

/** Pictures in a row that begin a refresh and are no key frames. */
const REFRESHES = 2;

/** Of a stream whose pictures nothing can decode. */
export const CONFIGURATION_REMEDY =
  "The encoder sends pictures without their parameter sets: let it send them in a header, or with " +
  "each key frame (x264: repeat-headers=1; ffmpeg: -bsf:v dump_extra)";

const REFRESH_REMEDY =
  "This stream has no key frames, but refreshes its pictures bit by bit: browsers show nothing to " +
  "those who join, and players damaged pictures at first. Turn intra refresh off, and set a key " +
  "frame interval of 2 s (x264: intra-refresh=0; ffmpeg: -intra-refresh 0)";

const INTERVAL_REMEDY = "This stream has had no key frame for more than " +
  `${MAX_KEY_FRAME_DISTANCE_MS / 1000} s: viewers who join see nothing until the next one. Set a ` +
  "key frame interval of 2 s (OBS: Keyframe Interval; ffmpeg: -g)";

/** Watches what of a track's pictures its publisher should change. */
export class VideoAdvice {
  #unconfigured = 0;
  #refreshes = 0;
  #keyFrameMs: number | undefined;
  #newestMs = 0;

  /** A picture could not be shown, for want of a configuration. */
  noteUnconfigured(): void {
    this.#unconfigured++;
  }

  /**
   * A picture came.
   *
   * @param kind a true key frame, one that begins a refresh without being one, or any other
   */
  notePicture(kind: "key" | "refresh" | "inter", encoderMs: number): void {
    this.#unconfigured = 0;
    this.#newestMs = encoderMs;
    if (kind === "key") {
      this.#keyFrameMs = encoderMs;
      this.#refreshes = 0;
    } else if (kind === "refresh") {
      this.#refreshes++;
    }
  }

  /** Whether there has been no true key frame for so long that a worse one is better than none. */
  get lacksKeyFrames(): boolean {
    return this.#keyFrameMs === undefined ||
      ((this.#newestMs - this.#keyFrameMs) | 0) > MAX_KEY_FRAME_DISTANCE_MS;
  }

  /** Whether pictures are refreshed bit by bit, in place of key frames. */
  get refreshes(): boolean {
    return this.#refreshes >= REFRESHES;
  }

  /** A sentence for the publisher; `undefined` if nothing is to be changed. */
  get text(): string | undefined {
    if (this.#unconfigured >= UNCONFIGURED_PICTURES) return CONFIGURATION_REMEDY;
    if (this.refreshes) return REFRESH_REMEDY;
    return this.#keyFrameMs !== undefined && this.lacksKeyFrames ? INTERVAL_REMEDY : undefined;
  }
}
