import type { SharedLog } from "./log_arena.ts";
import {
  ControlWord,
  distance,
  IndexWord,
  LogState,
  RecordFlag,
  Track,
  TRACK_BITS,
  wishBit,
} from "./log_layout.ts";
import { LogMemory } from "./log_memory.ts";
import { type LogPreamble, LogSlots } from "./log_slots.ts";
import type { ListedTrack } from "./track_list.ts";
import {
  DEFAULT_TRACKS,
  isFrameOf,
  passes,
  type TrackFilter,
  type TrackSelection,
} from "./track_selection.ts";

/** Which tracks go on. */
export interface LiveTracks {
  readonly audio: boolean;
  readonly video: boolean;
}

/**
 * A reading end of a stream log, in any thread. It owns nothing: readers are unknown to the log,
 * and the writer never waits for one.
 */
export class LogReader {
  readonly #memory: LogMemory;
  readonly #slots: LogSlots;
  readonly #generation: number;
  readonly #fence = new Int32Array(1);

  constructor(shared: SharedLog) {
    this.#memory = new LogMemory(shared);
    this.#slots = new LogSlots(this.#memory);
    this.#generation = Atomics.load(this.#memory.control, ControlWord.generation);
  }

  /** Whether the memory was given to another stream: nothing of this one can be read any more. */
  get isStale(): boolean {
    return this.#load(ControlWord.generation) !== this.#generation;
  }

  get state(): number {
    return this.isStale ? LogState.ended : this.#load(ControlWord.state);
  }

  /** Sequence number of the next record that will be written. */
  get head(): number {
    return this.#load(ControlWord.head);
  }

  /** Sequence number of the oldest record that may be read. */
  get tail(): number {
    return this.#load(ControlWord.tail);
  }

  /** Bytes of what is held. */
  get heldBytes(): number {
    const { head, tail } = this;
    if (head === tail) return 0;
    return distance(this.#word(tail, IndexWord.position), this.#load(ControlWord.writePosition));
  }

  get hasAudio(): boolean {
    return (this.#load(ControlWord.tracks) & Track.audio) !== 0;
  }

  get hasVideo(): boolean {
    return (this.#load(ControlWord.tracks) & Track.video) !== 0;
  }

  /** Whether it is decided which tracks the stream has. */
  get tracksSettled(): boolean {
    return this.#load(ControlWord.tracksSettled) === 1;
  }

  /** Whether the newest group of pictures is longer than the log, so that nobody can begin on it. */
  get groupOverflows(): boolean {
    return this.hasVideo && this.#keyFrameIsGone;
  }

  get #keyFrameIsGone(): boolean {
    return this.#load(ControlWord.keyFrames) > 0 &&
      distance(this.tail, this.#load(ControlWord.newestKeyFrame)) < 0;
  }

  /** Sequence number of the newest key frame that is still held. */
  get newestKeyFrame(): number | undefined {
    if (this.#load(ControlWord.keyFrames) === 0 || this.#keyFrameIsGone) return undefined;
    return this.#load(ControlWord.newestKeyFrame);
  }

  /**
   * Sequence number of the newest key frame of a video track that is still held, by the bits its
   * records have: 0 for the default one, {@linkcode newestKeyFrame}; others are looked for.
   */
  newestKeyFrameOf(trackBits: number): number | undefined {
    if (trackBits === 0) return this.newestKeyFrame;
    const mask = TRACK_BITS | RecordFlag.keyFrame | RecordFlag.video;
    const wanted = trackBits | RecordFlag.keyFrame | RecordFlag.video;
    const { head } = this;
    for (let at = head; distance(this.tail, at) > 0;) {
      at = (at - 1) | 0;
      if ((this.flagsOf(at) & mask) === wanted) return at;
    }
    return undefined;
  }

  /**
   * Which of the filter's tracks go on: those that have had a frame within the last `withinMs` of the
   * stream's time, and both of a log that does not go back as far. The newest records are looked
   * through, so this is not for every frame.
   */
  liveTracks(filter: TrackFilter, withinMs: number): LiveTracks {
    const { head, tail, lastTimestampMs } = this;
    let audio = false;
    let video = false;
    for (let at = head; distance(tail, at) > 0 && !(audio && video);) {
      at = (at - 1) | 0;
      if (distance(this.timestampMsOf(at), lastTimestampMs) > withinMs) return { audio, video };
      const flags = this.flagsOf(at);
      if (!passes(filter, flags)) continue;
      audio ||= isFrameOf("audio", flags);
      video ||= isFrameOf("video", flags);
    }
    return { audio: true, video: true };
  }

  /** The newest timestamp of the default tracks; 0 in an empty log. */
  get lastTimestampMs(): number {
    return this.#load(ControlWord.lastTimestampMs);
  }

  /** The newest timestamp of any record: where the next publisher goes on; 0 in an empty log. */
  get endTimestampMs(): number {
    return this.#load(ControlWord.endTimestampMs);
  }

  /** Changes whenever a preamble would come out differently. */
  get preambleVersion(): number {
    return this.#load(ControlWord.slotVersion) * 8 + this.#load(ControlWord.tracks);
  }

  /**
   * Lets the publisher know that a viewer needs a key frame: it may be able to make one.
   *
   * @param trackId the number of the video track; by default it is needed of all
   */
  wishKeyFrame(trackId?: number): void {
    if (this.isStale) return;
    const { control } = this.#memory;
    Atomics.or(control, ControlWord.wishedTracks, wishBit(trackId));
    Atomics.add(control, ControlWord.keyFrameWishes, 1);
  }

  /**
   * Length in bytes of record `sequence`: tag with header and PreviousTagSize. As all that is said of
   * a record, it may be any number unless {@linkcode isHeld} says afterwards that it is true.
   */
  lengthOf(sequence: number): number {
    return this.#word(sequence, IndexWord.length);
  }

  timestampMsOf(sequence: number): number {
    return this.#word(sequence, IndexWord.timestampMs);
  }

  /** Bits of `RecordFlag`. */
  flagsOf(sequence: number): number {
    return this.#word(sequence, IndexWord.flags);
  }

  /**
   * Copies bytes of record `sequence`, `length` of them from `start` on, into `target`, which must
   * have room for them: they are garbage unless {@linkcode isHeld} says afterwards that they are
   * not, and so may be what the index says of the record.
   */
  copyPart(
    sequence: number,
    start: number,
    length: number,
    target: Uint8Array,
    targetOffset: number,
  ): void {
    const position = this.#word(sequence, IndexWord.position) + start;
    this.#memory.read(position, length, target, targetOffset);
  }

  /** Whether all that was read of record `sequence` up to now was true. */
  isHeld(sequence: number): boolean {
    // Plain loads may pass an atomic load behind them on weakly ordered machines, but not an atomic
    // store: without this, the tail could be read before the bytes are.
    Atomics.store(this.#fence, 0, 0);
    return !this.isStale && distance(this.tail, sequence) >= 0;
  }

  /**
   * Copies the bytes of record `sequence` into `target`, which must have room for them.
   *
   * @returns false if the writer passed over the record meanwhile: then `target` holds garbage, and
   * what the index said of the record may be garbage as well
   */
  copy(sequence: number, target: Uint8Array, targetOffset: number, length: number): boolean {
    this.copyPart(sequence, 0, length, target, targetOffset);
    return this.isHeld(sequence);
  }

  /**
   * What viewers of this selection need before their first frame: a copy of the slots; `undefined`
   * if no undisturbed one could be had.
   */
  preamble(selection: TrackSelection = DEFAULT_TRACKS): LogPreamble | undefined {
    return this.#slots.preamble(selection, this);
  }

  /**
   * The stream's tracks, if there are others than a default one of each kind with number 0: else
   * none are listed. The same array as long as no slot changes.
   */
  get tracks(): readonly ListedTrack[] {
    return this.#slots.tracks;
  }

  /** Resolves when the writer flushes, at once if it did since `wake` was read. */
  async waitForFlush(wake: number): Promise<void> {
    const result = Atomics.waitAsync(this.#memory.control, ControlWord.wake, wake);
    if (result.async) await result.value;
  }

  /** The flush counter: read it before looking at the log, pass it to {@linkcode waitForFlush}. */
  get wake(): number {
    return this.#load(ControlWord.wake);
  }

  /** Resolves when there is new sound, or the writer flushes; else as {@linkcode waitForFlush}. */
  async waitForSound(soundWake: number): Promise<void> {
    const result = Atomics.waitAsync(this.#memory.control, ControlWord.soundWake, soundWake);
    if (result.async) await result.value;
  }

  /** The counter to be read before looking at the log, for {@linkcode waitForSound}. */
  get soundWake(): number {
    return this.#load(ControlWord.soundWake);
  }

  #word(sequence: number, word: number): number {
    return this.#memory.words[this.#memory.entryOf(sequence) + word]!;
  }

  #load(position: number): number {
    return Atomics.load(this.#memory.control, position);
  }
}
