import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO, type TagType } from "../flv/tag.ts";
import {
  Control,
  distance,
  indexPosition,
  type LogMemory,
  LogState,
  Slot,
  SLOT_OFFSETS,
  Track,
  viewLog,
} from "./log_layout.ts";

/** What a viewer needs before its first frame, as FLV tag bodies. */
export interface LogPreamble {
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
  /** Tags in the order they are sent; the bodies are copies and stay as they are. */
  readonly tags: readonly { readonly type: TagType; readonly body: Uint8Array }[];
}

const SLOT_TAG_TYPES = [
  [Slot.metadata, TAG_SCRIPT],
  [Slot.videoConfiguration, TAG_VIDEO],
  [Slot.audioConfiguration, TAG_AUDIO],
] as const;

/** Slots are written in microseconds, some times a day: more tries mean a writer that died inside. */
const SLOT_READ_TRIES = 1000;

/**
 * A reading end of a stream log, in any thread. It owns nothing: readers are unknown to the log,
 * and the writer never waits for one.
 */
export class LogReader {
  readonly #memory: LogMemory;
  readonly #generation: number;
  readonly #fence = new Int32Array(1);

  constructor(shared: SharedArrayBuffer) {
    this.#memory = viewLog(shared);
    this.#generation = Atomics.load(this.#memory.control, Control.generation);
  }

  /** Whether the memory was given to another stream: nothing of this one can be read any more. */
  get isStale(): boolean {
    return this.#load(Control.generation) !== this.#generation;
  }

  get state(): number {
    return this.isStale ? LogState.ended : this.#load(Control.state);
  }

  /** Sequence number of the next record that will be written. */
  get head(): number {
    return this.#load(Control.head);
  }

  /** Sequence number of the oldest record that may be read. */
  get tail(): number {
    return this.#load(Control.tail);
  }

  get hasAudio(): boolean {
    return (this.#load(Control.tracks) & Track.audio) !== 0;
  }

  get hasVideo(): boolean {
    return (this.#load(Control.tracks) & Track.video) !== 0;
  }

  /** Whether it is decided which tracks the stream has. */
  get tracksSettled(): boolean {
    return this.#load(Control.tracksSettled) === 1;
  }

  /** Whether the newest group of pictures is longer than the log, so that nobody can begin on it. */
  get groupOverflows(): boolean {
    return this.hasVideo && this.#keyFrameIsGone;
  }

  get #keyFrameIsGone(): boolean {
    return this.#load(Control.keyFrames) > 0 &&
      distance(this.tail, this.#load(Control.newestKeyFrame)) < 0;
  }

  /** Sequence number of the newest key frame that is still held. */
  get newestKeyFrame(): number | undefined {
    if (this.#load(Control.keyFrames) === 0 || this.#keyFrameIsGone) return undefined;
    return this.#load(Control.newestKeyFrame);
  }

  /** The newest timestamp of any record; 0 in an empty log. */
  get lastTimestampMs(): number {
    return this.#load(Control.lastTimestampMs);
  }

  /** Changes whenever a preamble would come out differently. */
  get preambleVersion(): number {
    return this.#load(Control.slotVersion) * 8 + this.#load(Control.tracks);
  }

  /** Length in bytes of record `sequence`: tag with header and PreviousTagSize. */
  lengthOf(sequence: number): number {
    return this.#memory.index[indexPosition(sequence) + 1]!;
  }

  timestampMsOf(sequence: number): number {
    return this.#memory.index[indexPosition(sequence) + 2]!;
  }

  /** Bits of `RecordFlag`. */
  flagsOf(sequence: number): number {
    return this.#memory.index[indexPosition(sequence) + 3]!;
  }

  /**
   * Copies the bytes of record `sequence` into `target`, which must have room for them.
   *
   * @returns false if the writer passed over the record meanwhile: then `target` holds garbage, and
   * what the index said of the record may be garbage as well
   */
  copy(sequence: number, target: Uint8Array, targetOffset: number, length: number): boolean {
    const { data, index } = this.#memory;
    const offset = index[indexPosition(sequence)]!;
    target.set(data.subarray(offset, offset + length), targetOffset);
    // Plain loads may pass an atomic load behind them on weakly ordered machines, but not an atomic
    // store: without this, the tail could be read before the bytes are.
    Atomics.store(this.#fence, 0, 0);
    return !this.isStale && distance(this.tail, sequence) >= 0;
  }

  /** A copy of the slots; `undefined` if no undisturbed one could be had. */
  preamble(): LogPreamble | undefined {
    for (let attempt = 0; attempt < SLOT_READ_TRIES; attempt++) {
      const version = this.#load(Control.slotVersion);
      if (version % 2 !== 0) continue;
      const { hasAudio, hasVideo } = this;
      const tags = SLOT_TAG_TYPES
        .map(([slot, type]) => ({ type, body: this.#copySlot(slot) }))
        .filter(({ body }) => body.length > 0);
      if (this.#load(Control.slotVersion) !== version) continue;
      return { hasAudio, hasVideo, tags };
    }
    return undefined;
  }

  /** Resolves when the writer flushes, at once if it did since `wake` was read. */
  async waitForFlush(wake: number): Promise<void> {
    const result = Atomics.waitAsync(this.#memory.control, Control.wake, wake);
    if (result.async) await result.value;
  }

  /** The flush counter: read it before looking at the log, pass it to {@linkcode waitForFlush}. */
  get wake(): number {
    return this.#load(Control.wake);
  }

  /** Resolves when there is new sound, or the writer flushes; else as {@linkcode waitForFlush}. */
  async waitForSound(soundWake: number): Promise<void> {
    const result = Atomics.waitAsync(this.#memory.control, Control.soundWake, soundWake);
    if (result.async) await result.value;
  }

  /** The counter to be read before looking at the log, for {@linkcode waitForSound}. */
  get soundWake(): number {
    return this.#load(Control.soundWake);
  }

  #copySlot(slot: Slot): Uint8Array {
    const length = this.#load(Control.slotLengths + slot);
    const offset = SLOT_OFFSETS[slot]!;
    return new Uint8Array(this.#memory.bytes.subarray(offset, offset + length));
  }

  #load(position: number): number {
    return Atomics.load(this.#memory.control, position);
  }
}
