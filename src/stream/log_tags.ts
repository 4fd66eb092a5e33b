import { TAG_AUDIO, TAG_HEADER_SIZE, TAG_OVERHEAD, TAG_SCRIPT } from "../flv/tag.ts";
import { distance, layerOfFlags, RecordFlag } from "./log_layout.ts";
import type { LogReader } from "./log_reader.ts";
import type { ListedTrack } from "./track_list.ts";
import {
  DEFAULT_TRACKS,
  passes,
  type TrackFilter,
  trackFilter,
  type TrackSelection,
} from "./track_selection.ts";

/** A tag of a log. */
export interface LogTag {
  readonly track: "audio" | "video";
  readonly timestampMs: number;
  /** Without header and PreviousTagSize. Borrowed: it holds until the next call. */
  readonly body: Uint8Array;
  /** The place of a picture among layers, as `layerBits` has it; 0 of all else. */
  readonly layer: number;
}

/**
 * Reads the selected tracks of a stream log in order, tag by tag, from the newest key frame of the
 * pictures on. What the log lets go of before it is read is passed over, to the newest key frame
 * again. The configurations come in front, at the beginning and behind what is passed over.
 */
export class LogTags {
  readonly #log: LogReader;
  readonly #selection: TrackSelection;
  /** Which tracks that are can change with the publisher, unless it is the default ones. */
  readonly #isNumbered: boolean;
  #tracks: readonly ListedTrack[];
  #filter: TrackFilter;
  #sequence: number;
  /** Those that come first; `undefined` as long as they cannot be read. */
  #configurations: LogTag[] | undefined;
  #buffer = new Uint8Array(64 * 1024);

  constructor(log: LogReader, selection: TrackSelection = DEFAULT_TRACKS) {
    const { audioTrack, videoTrack } = selection;
    this.#log = log;
    this.#selection = selection;
    this.#isNumbered = audioTrack !== undefined || videoTrack !== undefined;
    this.#tracks = log.tracks;
    this.#filter = trackFilter(selection, this.#tracks);
    this.#sequence = this.#begin();
  }

  /** Bytes that it keeps for the record that is read. */
  get bufferBytes(): number {
    return this.#buffer.length;
  }

  /** The next tag; `undefined` if there is none now. */
  next(): LogTag | undefined {
    for (;;) {
      // A writer that is kept from going on in the middle of them is through when it wakes us again.
      this.#configurations ??= this.#readConfigurations();
      if (this.#configurations === undefined) return undefined;
      const configuration = this.#configurations.shift();
      if (configuration !== undefined) return configuration;
      if (this.#log.isStale) return undefined;
      const { head } = this.#log;
      if (this.#isNumbered && this.#followTracks(head)) continue;
      if (distance(this.#log.tail, this.#sequence) < 0) this.#sequence = this.#begin();
      if (distance(this.#sequence, head) <= 0) return undefined;
      const sequence = this.#sequence;
      this.#sequence = (sequence + 1) | 0;
      const flags = this.#log.flagsOf(sequence);
      if ((flags & RecordFlag.script) !== 0 || !passes(this.#filter, flags)) continue;
      const tag = this.#read(sequence, flags);
      if (tag !== undefined) return tag;
    }
  }

  /**
   * Goes on with other records if another publisher counts its tracks otherwise: the tracks of those
   * before `head` are listed by now. Nothing that was read before may come again.
   *
   * @returns whether the pictures are of another track now, whose configurations come first
   */
  #followTracks(head: number): boolean {
    const before = this.#filter.video;
    if (this.#tracks === this.#log.tracks) return false;
    this.#tracks = this.#log.tracks;
    this.#filter = trackFilter(this.#selection, this.#tracks);
    if (this.#filter.video === before) return false;
    const unread = this.#sequence;
    const keyFrame = this.#begin();
    this.#sequence = distance(unread, keyFrame) >= 0 ? keyFrame : head;
    return true;
  }

  /** Where to begin, with the configurations that are needed there. */
  #begin(): number {
    const position = this.#log.newestKeyFrameOf(this.#filter.video) ?? this.#end();
    this.#configurations = this.#readConfigurations();
    return position;
  }

  #readConfigurations(): LogTag[] | undefined {
    const timestampMs = this.#log.lastTimestampMs;
    const tags = this.#log.preamble(this.#selection)?.tags;
    return tags?.filter(({ type }) => type !== TAG_SCRIPT).map(({ type, body }) => ({
      track: type === TAG_AUDIO ? "audio" : "video",
      timestampMs,
      body,
      layer: 0,
    }));
  }

  /**
   * Behind all records, but for a configuration that is the newest: it is written before its slot,
   * and would be found in neither.
   */
  #end(): number {
    const { head, tail } = this.#log;
    const newest = (head - 1) | 0;
    const isConfiguration = head !== tail &&
      (this.#log.flagsOf(newest) & RecordFlag.configuration) !== 0;
    return isConfiguration ? newest : head;
  }

  /** `undefined` if the log let go of the record meanwhile. */
  #read(sequence: number, flags: number): LogTag | undefined {
    const log = this.#log;
    const length = log.lengthOf(sequence);
    const timestampMs = log.timestampMsOf(sequence);
    // What was overwritten meanwhile may say anything of its length.
    if (!log.isHeld(sequence) || length < TAG_OVERHEAD) return undefined;
    if (length > this.#buffer.length) this.#buffer = new Uint8Array(length);
    if (!log.copy(sequence, this.#buffer, 0, length)) return undefined;
    const end = length - (TAG_OVERHEAD - TAG_HEADER_SIZE);
    const body = this.#buffer.subarray(TAG_HEADER_SIZE, end);
    const track = (flags & RecordFlag.audio) !== 0 ? "audio" : "video";
    return { track, timestampMs, body, layer: layerOfFlags(flags) };
  }
}
