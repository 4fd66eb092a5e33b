import type { LogWriter } from "./log_writer.ts";

/** Audio waits this long for a picture to be sent with; longer than a frame at 20 fps. */
const AUDIO_FOLD_MS = 60;

/** When viewers are woken for what has been appended to a log: not for each record. */
export class ViewerWaking {
  readonly #log: Pick<LogWriter, "flush" | "flushSound">;
  #hasPicture = false;
  #hasSound = false;
  #sinceMs: number | undefined;

  constructor(log: Pick<LogWriter, "flush" | "flushSound">) {
    this.#log = log;
  }

  /**
   * Something was appended. A picture of the default track is worth waking all for; other records
   * wait for one, but for sound of any track where that alone is waited for.
   */
  appended(what: "picture" | "sound" | "other", nowMs: number): void {
    if (what === "picture") this.#hasPicture = true;
    if (what === "sound") this.#hasSound = true;
    this.#sinceMs ??= nowMs;
  }

  /**
   * Wakes the viewers if there is a picture for them, or audio that has waited long enough for one;
   * those that wait for sound alone are woken at once.
   */
  flush(nowMs: number): void {
    if (this.#sinceMs === undefined) return;
    if (!this.#hasPicture && nowMs - this.#sinceMs < AUDIO_FOLD_MS) {
      if (this.#hasSound) this.#log.flushSound();
      this.#hasSound = false;
      return;
    }
    this.#hasSound = false;
    this.#hasPicture = false;
    this.#sinceMs = undefined;
    this.#log.flush();
  }
}
