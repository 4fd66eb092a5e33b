import type { ClockTie } from "../rtp/rtp_clock.ts";
import { distance, LogState } from "../stream/log_layout.ts";
import type { LogReader } from "../stream/log_reader.ts";
import { SPLICE_GAP_MS } from "../stream/timeline.ts";

/** RTP timestamps of stream time 0: random, 32 bits (RFC 3550 5.1). */
export interface ClockOffsets {
  readonly audio: number;
  readonly video: number;
}

/**
 * The clock of a stream's WebRTC viewers on one shard. All tracks and renditions take their RTP
 * timestamps from it, so that a viewer can change between them without a break.
 *
 * Receivers measure the sender's clock by its timestamps. So the time that a publisher was away has
 * passed for them, other than in the stream, as players of FLV want it: they would take the step for a
 * clock that is slow, and show pictures late.
 */
export class StreamClock {
  readonly offsets: ClockOffsets;
  readonly #log: LogReader;
  #head: number;
  /** When the newest record came. */
  #newestAtMs = 0;
  /** Where the publisher ended that is away. */
  #endMs: number | undefined;
  /** Of the newest return: from which timestamp on what is later by how much, and before. */
  #fromMs = 0;
  #beforeMs = 0;
  #sinceMs = 0;
  #tie: ClockTie | undefined;

  constructor(log: LogReader, offsets: ClockOffsets) {
    this.#log = log;
    this.#head = log.tail;
    this.offsets = offsets;
  }

  /** Looks after the publisher. To be called before records are read. */
  update(nowMs: number): void {
    const { head } = this.#log;
    if (head !== this.#head) {
      if (this.#endMs !== undefined) this.#return(this.#endMs, nowMs - this.#newestAtMs);
      this.#endMs = undefined;
      this.#head = head;
      this.#newestAtMs = nowMs;
    }
    // What is there by now, if the publisher is gone, is still the old one's.
    if (this.#log.state === LogState.waiting) this.#endMs ??= this.#log.endTimestampMs;
  }

  /** How much later than its own time it is for what has this timestamp. */
  delayAtMs(timestampMs: number): number {
    // Sound is made into Opus later than pictures come.
    return distance(this.#fromMs, timestampMs) >= 0 ? this.#sinceMs : this.#beforeMs;
  }

  /**
   * The same moment on the stream's clock and the wall clock. It is settled once: picture and sound
   * are played in step by it, whichever they are.
   */
  tie(unixMs: number): ClockTie {
    const { lastTimestampMs } = this.#log;
    this.#tie ??= { streamMs: lastTimestampMs + this.delayAtMs(lastTimestampMs), unixMs };
    return this.#tie;
  }

  #return(endMs: number, awayMs: number): void {
    this.#fromMs = endMs;
    this.#beforeMs = this.#sinceMs;
    this.#sinceMs += Math.max(0, Math.round(awayMs) - SPLICE_GAP_MS);
  }
}
