import type { H264InexactReason, H264PictureVerdict } from "./reference_tracker.ts";
import type { H264Sps } from "./sps.ts";

/** What is known of the B pictures of a stream, and of the stream without them. */
export interface H264BFrameSummary {
  /** Whether the SPS announces reordering; `undefined` if it does not say. */
  readonly announced: boolean | undefined;
  /** Whether a B picture, or one that is shown before an earlier one, was seen. */
  readonly seen: boolean;
  readonly keptPictures: number;
  readonly droppedPictures: number;
  /** Kept pictures that are not proven to decode as in the full stream. */
  readonly inexactPictures: number;
  /** Kept pictures that a strict decoder refuses: see `marksMissing` of the verdict. */
  readonly unsafePictures: number;
  /** Of the last inexact picture. */
  readonly inexactReason: H264InexactReason | undefined;
  /**
   * How much later than the best-placed kept picture the worst-placed one arrives for its time: an
   * encoder with B pictures must wait this long, and no receiver can win it back. 0 without them.
   */
  readonly reorderDelayMs: number;
}

/** Counts what {@linkcode H264ReferenceTracker} says of one stream, from one configuration on. */
export class H264BFrames {
  readonly #announced: boolean | undefined;
  #hasBSlices = false;
  #kept = 0;
  #dropped = 0;
  #inexact = 0;
  #unsafe = 0;
  #inexactReason: H264InexactReason | undefined;
  #leastCompositionMs = Infinity;
  #mostCompositionMs = -Infinity;

  constructor(sps: Pick<H264Sps, "maxReorderFrames"> | undefined) {
    const frames = sps?.maxReorderFrames;
    this.#announced = frames === undefined ? undefined : frames > 0;
  }

  /**
   * Counts a picture.
   *
   * @param compositionTimeMs its presentation time less its decoding time
   */
  count({ type, keep, reason, marksMissing }: H264PictureVerdict, compositionTimeMs: number): void {
    this.#hasBSlices ||= type === "B";
    if (!keep) {
      this.#dropped++;
      return;
    }
    this.#kept++;
    if (marksMissing) this.#unsafe++;
    if (reason !== undefined) {
      this.#inexact++;
      this.#inexactReason = reason;
    }
    this.#leastCompositionMs = Math.min(this.#leastCompositionMs, compositionTimeMs);
    this.#mostCompositionMs = Math.max(this.#mostCompositionMs, compositionTimeMs);
  }

  summary(): H264BFrameSummary {
    const seen = this.#hasBSlices || this.#dropped > 0;
    return {
      announced: this.#announced,
      seen,
      keptPictures: this.#kept,
      droppedPictures: this.#dropped,
      inexactPictures: this.#inexact,
      unsafePictures: this.#unsafe,
      inexactReason: this.#inexactReason,
      // Without reordering, what is left is the rounding of milliseconds.
      reorderDelayMs: seen && this.#kept > 0
        ? this.#mostCompositionMs - this.#leastCompositionMs
        : 0,
    };
  }
}
