import { TAG_AUDIO, TAG_HEADER_SIZE, TAG_OVERHEAD, TAG_SCRIPT } from "../flv/tag.ts";
import { distance, RecordFlag } from "./log_layout.ts";
import type { LogReader } from "./log_reader.ts";

/** A tag of a log. */
export interface LogTag {
  readonly track: "audio" | "video";
  readonly timestampMs: number;
  /** Without header and PreviousTagSize. Borrowed: it holds until the next call. */
  readonly body: Uint8Array;
}

/**
 * Reads the default tracks of a stream log in order, tag by tag, from the newest key frame on. What the log
 * lets go of before it is read is passed over, to the newest key frame again; each such jump is
 * counted. The configurations come in front, at the beginning and behind a jump.
 */
export class LogTags {
  readonly #log: LogReader;
  #sequence: number;
  #configurations: LogTag[] = [];
  #buffer = new Uint8Array(64 * 1024);
  #jumps = 0;

  constructor(log: LogReader) {
    this.#log = log;
    this.#sequence = this.#begin();
  }

  /** Times that something was passed over. */
  get jumps(): number {
    return this.#jumps;
  }

  /** The next tag; `undefined` if there is none now. */
  next(): LogTag | undefined {
    for (;;) {
      const configuration = this.#configurations.shift();
      if (configuration !== undefined) return configuration;
      if (this.#log.isStale) return undefined;
      if (distance(this.#log.tail, this.#sequence) < 0) this.#jump();
      if (distance(this.#sequence, this.#log.head) <= 0) return undefined;
      const sequence = this.#sequence;
      this.#sequence = (sequence + 1) | 0;
      const flags = this.#log.flagsOf(sequence);
      if ((flags & RecordFlag.script) !== 0 || (flags & RecordFlag.additional) !== 0) continue;
      const tag = this.#read(sequence, flags);
      if (tag !== undefined) return tag;
    }
  }

  #jump(): void {
    this.#jumps++;
    this.#sequence = this.#begin();
  }

  /** Where to begin, with the configurations that are needed there. */
  #begin(): number {
    const position = this.#log.newestKeyFrame ?? this.#log.head;
    const timestampMs = this.#log.lastTimestampMs;
    const tags = this.#log.preamble()?.tags ?? [];
    this.#configurations = tags.filter(({ type }) => type !== TAG_SCRIPT).map(({ type, body }) => ({
      track: type === TAG_AUDIO ? "audio" : "video",
      timestampMs,
      body,
    }));
    return position;
  }

  /** `undefined` if the log let go of the record meanwhile. */
  #read(sequence: number, flags: number): LogTag | undefined {
    const log = this.#log;
    const length = log.lengthOf(sequence);
    const timestampMs = log.timestampMsOf(sequence);
    // What was overwritten meanwhile may say anything of its length.
    if (distance(log.tail, sequence) < 0 || length < TAG_OVERHEAD) return undefined;
    if (length > this.#buffer.length) this.#buffer = new Uint8Array(length);
    if (!log.copy(sequence, this.#buffer, 0, length)) return undefined;
    const end = length - (TAG_OVERHEAD - TAG_HEADER_SIZE);
    const body = this.#buffer.subarray(TAG_HEADER_SIZE, end);
    return { track: (flags & RecordFlag.audio) !== 0 ? "audio" : "video", timestampMs, body };
  }
}
