/** Frames over which it is judged whether timestamps are even. */
const WINDOW_FRAMES = 64;

/** Uneven steps in a window from which on sound is smoothed, and below which it is let alone. */
const SMOOTH_FROM = 16;
const LET_ALONE_BELOW = 4;

/** Jitter goes both ways: of the uneven steps, at least so many are too long, and too short. */
const EACH_WAY_FROM = 4;

/** In a window the frames last as long as the steps take, to within this part, or it is no jitter. */
const MAX_WINDOW_ERROR = 0.1;

/** A step is even if it is the frame's duration to within this: timestamps are whole milliseconds. */
const EVEN_WITHIN_MS = 4;

/** What lies further off than this is no jitter but a gap. */
const MAX_JITTER_MS = 120;

/** Of how far a timestamp lies off, the part that is followed at once: drift must be, jitter not. */
const FOLLOWED_PART = 1 / 32;

/**
 * Evens out the timestamps of encoders that stamp sound when it leaves a buffer: two frames at one
 * time, then none for as long as both last. What is uneven now and then, as after a frame that is
 * missing, is let alone, and so is every encoder that counts right.
 *
 * Timestamps are signed 32-bit milliseconds and may wrap.
 */
export class AudioSmoother {
  #previousMs: number | undefined;
  #previousDurationMs = 0;
  /** Where the sound stands by the durations of its frames: a real number. */
  #expectedMs = 0;
  #window = { frames: 0, stepsMs: 0, durationsMs: 0, long: 0, short: 0 };
  #isUneven = false;

  /** Whether timestamps are being smoothed. */
  get isUneven(): boolean {
    return this.#isUneven;
  }

  /** The timestamp that a frame should have had. */
  smooth(timestampMs: number, durationMs: number): number {
    const previousMs = this.#previousMs;
    const stepMs = previousMs === undefined ? 0 : (timestampMs - previousMs) | 0;
    const lastedMs = this.#previousDurationMs;
    this.#previousMs = timestampMs;
    this.#previousDurationMs = durationMs;
    if (previousMs === undefined || Math.abs(stepMs) > 10 * MAX_JITTER_MS) {
      this.#expectedMs = timestampMs;
      return timestampMs;
    }
    this.#judge(stepMs, lastedMs);
    this.#expectedMs += lastedMs;
    const offMs = (timestampMs - Math.round(this.#expectedMs)) | 0;
    if (!this.#isUneven || Math.abs(offMs) > MAX_JITTER_MS) {
      this.#expectedMs = timestampMs;
      return timestampMs;
    }
    const smoothMs = Math.round(this.#expectedMs) | 0;
    this.#expectedMs += offMs * FOLLOWED_PART;
    return smoothMs;
  }

  #judge(stepMs: number, durationMs: number): void {
    const window = this.#window;
    window.frames++;
    window.stepsMs += stepMs;
    window.durationsMs += durationMs;
    if (stepMs > durationMs + EVEN_WITHIN_MS) window.long++;
    if (stepMs < durationMs - EVEN_WITHIN_MS) window.short++;
    if (window.frames < WINDOW_FRAMES) return;
    const { stepsMs, durationsMs, long, short } = window;
    const isSteady = Math.abs(stepsMs - durationsMs) <= MAX_WINDOW_ERROR * durationsMs;
    const isBothWays = long >= EACH_WAY_FROM && short >= EACH_WAY_FROM;
    if (long + short < LET_ALONE_BELOW || !isSteady) this.#isUneven = false;
    else if (long + short >= SMOOTH_FROM && isBothWays) this.#isUneven = true;
    this.#window = { frames: 0, stepsMs: 0, durationsMs: 0, long: 0, short: 0 };
  }
}
