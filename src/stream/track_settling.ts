import { Track } from "./log_layout.ts";
import type { LogWriter } from "./log_writer.ts";
import type { TrackName } from "./timeline.ts";

const ALL_TRACKS = Track.audio | Track.video;

/** How long it takes to know which tracks there are, and what is to be done then. */
export interface TrackSettlingOptions {
  readonly settleMs: number;
  /** Called once, before the log tells it. */
  readonly settled: () => void;
}

/** Which tracks a stream has: those whose media came within a time after the first. */
export class TrackSettling {
  readonly #log: Pick<LogWriter, "setTracks">;
  readonly #options: TrackSettlingOptions;
  #tracks = 0;
  #isSettled = false;
  #first: { readonly timestampMs: number; readonly arrivedMs: number } | undefined;

  constructor(log: Pick<LogWriter, "setTracks">, options: TrackSettlingOptions) {
    this.#log = log;
    this.#options = options;
    log.setTracks(0, false);
  }

  /** Whether there was any frame. */
  get hasMedia(): boolean {
    return this.#first !== undefined;
  }

  /** A frame of a default track has been written. */
  noteFrame(name: TrackName, timestampMs: number, nowMs: number): void {
    this.#first ??= { timestampMs, arrivedMs: nowMs };
    this.#noteTrack(name);
    if (this.#isSettled) return;
    // There is one track when the other has not come in time, by either clock.
    const sentMs = (timestampMs - this.#first.timestampMs) | 0;
    const waitedMs = Math.max(sentMs, nowMs - this.#first.arrivedMs);
    if (waitedMs >= this.#options.settleMs) this.#settle();
  }

  /** Whether it has taken its time just now, though nothing more comes. */
  settle(nowMs: number): boolean {
    if (this.#isSettled || this.#first === undefined) return false;
    if (nowMs - this.#first.arrivedMs < this.#options.settleMs) return false;
    this.#settle();
    return true;
  }

  #noteTrack(name: TrackName): void {
    const tracks = this.#tracks | Track[name];
    if (tracks === this.#tracks) return;
    this.#tracks = tracks;
    this.#log.setTracks(tracks, this.#isSettled);
    if (tracks === ALL_TRACKS) this.#settle();
  }

  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#options.settled();
    this.#log.setTracks(this.#tracks, true);
  }
}
