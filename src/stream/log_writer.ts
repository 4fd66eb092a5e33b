import {
  TAG_HEADER_SIZE,
  TAG_OVERHEAD,
  tagHeader,
  tagTrailer,
  type TagType,
  writeTag,
} from "../flv/tag.ts";
import type { SegmentRefusal, SharedLog } from "./log_arena.ts";
import {
  ControlWord,
  distance,
  INDEX_CAPACITY,
  IndexWord,
  type LogState,
  RecordFlag,
  Slot,
  SLOT_CAPACITIES,
  wishedTrackIds,
} from "./log_layout.ts";
import { LogMemory } from "./log_memory.ts";
import { allocateLog, describeLack } from "./log_store.ts";
import type { PageTable } from "./page_table.ts";
import { StreamError } from "./stream_error.ts";

/** What is kept in a log, apart from its newest group of pictures, which always is if it fits. */
export interface LogWindow {
  /** Milliseconds of media kept for viewers that lag. */
  readonly windowMs: number;
}

/** One record: an FLV tag to be. */
export interface LogRecord {
  /** FLV tag type. */
  readonly type: TagType;
  readonly timestampMs: number;
  /** Tag body; copied into the log. */
  readonly body: Uint8Array;
  /** Bits of `RecordFlag`. */
  readonly flags: number;
}

/**
 * The writing end of a stream log: one at a time, in the thread of the stream's publisher.
 *
 * Its whole state lies in the shared memory, so that another thread can go on writing after this
 * one is gone. The tail is moved before the bytes behind it are overwritten, which lets readers
 * tell afterwards whether what they copied was whole.
 *
 * @example
 * ```ts
 * import { LogReader } from "./log_reader.ts";
 * import { LogWriter } from "./log_writer.ts";
 * import { RecordFlag } from "./log_layout.ts";
 *
 * const shared = LogWriter.allocate(1 << 20);
 * const writer = new LogWriter(shared, { windowMs: 10_000 });
 * writer.append({
 *   type: 9,
 *   timestampMs: 0,
 *   body: Uint8Array.of(0x17, 1, 0, 0, 0),
 *   flags: RecordFlag.video | RecordFlag.keyFrame,
 * });
 * writer.flush(); // wakes the readers
 *
 * const reader = new LogReader(shared);
 * reader.lengthOf(reader.tail); // 20: the tag with its header and PreviousTagSize
 * ```
 */
export class LogWriter {
  readonly #memory: LogMemory;
  readonly #windowMs: number;
  #lack: SegmentRefusal | undefined;
  #isAbandoned = false;

  constructor(shared: SharedLog, { windowMs }: LogWindow) {
    this.#memory = new LogMemory(shared);
    this.#windowMs = windowMs;
    const { control } = this.#memory;
    // A writer whose thread died inside writeSlot left the lock odd.
    if (control[ControlWord.slotVersion]! % 2 !== 0) {
      Atomics.add(control, ControlWord.slotVersion, 1);
    }
  }

  /** A log that holds at most `maxBytes` of tags, in an arena of its own. */
  static allocate(maxBytes: number): SharedLog {
    return allocateLog(maxBytes);
  }

  /**
   * Writes nothing any more, whatever it is told: the log is about to be another stream's. Its
   * publisher may not know yet.
   */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** The largest tag body the log takes: half of it, so that it always holds more than one tag. */
  get maxBodySize(): number {
    return (this.#memory.control[ControlWord.maxBytes]! >> 1) - TAG_OVERHEAD;
  }

  /**
   * Why the log has let go of its newest group of pictures, or of what was to be appended, if that
   * was for want of memory.
   */
  get lack(): SegmentRefusal | undefined {
    return this.#lack;
  }

  /** Changes when a viewer needs a key frame. */
  get keyFrameWishes(): number {
    return Atomics.load(this.#memory.control, ControlWord.keyFrameWishes);
  }

  /** The numbers of the tracks that viewers have needed one of since this was asked last; all if undefined. */
  takeWishedTracks(): readonly number[] | undefined {
    return wishedTrackIds(Atomics.exchange(this.#memory.control, ControlWord.wishedTracks, 0));
  }

  /** The newest timestamp of any record; `undefined` if the log is empty. */
  get lastTimestampMs(): number | undefined {
    const { control } = this.#memory;
    return this.#head === control[ControlWord.tail]!
      ? undefined
      : control[ControlWord.endTimestampMs]!;
  }

  /**
   * Appends one record. Readers may see it at once, but are not woken before {@linkcode flush}.
   *
   * @throws {StreamError} if the body is larger than {@linkcode maxBodySize}, or there is no memory
   */
  append({ type, timestampMs, body, flags }: LogRecord): void {
    if (this.#isAbandoned) return;
    if (body.length > this.maxBodySize) {
      throw new StreamError(
        `Cannot append to the log: a tag body may have ${this.maxBodySize} bytes, got ${body.length}`,
      );
    }
    const { control, words } = this.#memory;
    const size = body.length + TAG_OVERHEAD;
    this.#expire(timestampMs);
    this.#makeRoom(size);

    const position = control[ControlWord.writePosition]!;
    this.#writeTag(position, type, timestampMs, body);
    const head = this.#head;
    const entry = this.#memory.entryOf(head);
    words[entry + IndexWord.position] = position;
    words[entry + IndexWord.length] = size;
    words[entry + IndexWord.timestampMs] = timestampMs;
    words[entry + IndexWord.flags] = flags;
    control[ControlWord.writePosition] = (position + size) | 0;
    this.#raiseTimestamp(ControlWord.endTimestampMs, timestampMs);
    if ((flags & RecordFlag.additional) === 0) {
      this.#raiseTimestamp(ControlWord.lastTimestampMs, timestampMs);
    }
    // Where viewers begin, and what is held: what is of the default track.
    if ((flags & (RecordFlag.keyFrame | RecordFlag.additional)) === RecordFlag.keyFrame) {
      Atomics.store(control, ControlWord.newestKeyFrame, head);
      Atomics.add(control, ControlWord.keyFrames, 1);
    }
    Atomics.store(control, ControlWord.head, (head + 1) | 0);
  }

  /** Wakes the readers that wait for records. */
  flush(): void {
    const { control } = this.#memory;
    Atomics.add(control, ControlWord.wake, 1);
    Atomics.notify(control, ControlWord.wake);
    this.flushSound();
  }

  /** Wakes the readers that wait for sound alone: those that may not wait for the next picture. */
  flushSound(): void {
    const { control } = this.#memory;
    Atomics.add(control, ControlWord.soundWake, 1);
    Atomics.notify(control, ControlWord.soundWake);
  }

  /** Whether a slot holds exactly these bytes. */
  slotHolds(slot: Slot, body: Uint8Array): boolean {
    if (this.#memory.control[ControlWord.slotLengths + slot] !== body.length) return false;
    const held = this.#memory.readSlot(slot, body.length);
    return body.every((byte, at) => held[at] === byte);
  }

  /**
   * Appends a configuration, a supplement or metadata, and stores its body in a slot for new viewers.
   * One that replaces another configuration is marked so.
   *
   * The slot is written last: who sees the new slot can find the record, and who looked for records
   * before that can tell by the slot's version.
   *
   * @throws {StreamError} if the body is larger than the slot
   */
  appendConfiguration(slot: Slot, record: LogRecord): void {
    requireSlotCapacity(slot, record.body);
    const replaces = (slot === Slot.videoConfiguration || slot === Slot.audioConfiguration) &&
      this.#memory.control[ControlWord.slotLengths + slot] !== 0;
    const flags = record.flags | (replaces ? RecordFlag.reconfiguration : 0);
    this.append({ ...record, flags });
    this.writeSlot(slot, record.body);
  }

  /**
   * Stores the tag body that new viewers get before their first frame; an empty one clears the slot.
   *
   * @throws {StreamError} if the body is larger than the slot, or there is no memory
   */
  writeSlot(slot: Slot, body: Uint8Array): void {
    if (this.#isAbandoned) return;
    requireSlotCapacity(slot, body);
    const { control } = this.#memory;
    const refusal = this.#memory.takeSlotPages(slot, body.length);
    if (refusal !== undefined) throw this.#noMemory(refusal);
    Atomics.add(control, ControlWord.slotVersion, 1);
    Atomics.store(control, ControlWord.slotLengths + slot, body.length);
    this.#memory.writeSlot(slot, body.length, 0, body);
    Atomics.add(control, ControlWord.slotVersion, 1);
  }

  /**
   * Writes over a part of what a slot holds; the rest stays as it is.
   *
   * @throws {StreamError} if the part does not lie within what it holds
   */
  writeSlotPart(slot: Slot, start: number, part: Uint8Array): void {
    if (this.#isAbandoned) return;
    const { control } = this.#memory;
    const length = control[ControlWord.slotLengths + slot]!;
    if (start + part.length > length) {
      throw new StreamError(
        `Cannot write over a part of a slot: must end within ${length} bytes, got ${
          start + part.length
        }`,
      );
    }
    Atomics.add(control, ControlWord.slotVersion, 1);
    this.#memory.writeSlot(slot, length, start, part);
    Atomics.add(control, ControlWord.slotVersion, 1);
  }

  /** Sets which tracks were seen, as `Track` bits, and whether that is decided. */
  setTracks(tracks: number, settled: boolean): void {
    if (this.#isAbandoned) return;
    const { control } = this.#memory;
    Atomics.store(control, ControlWord.tracks, tracks);
    Atomics.store(control, ControlWord.tracksSettled, settled ? 1 : 0);
  }

  /** Sets one of `LogState` and wakes the readers. */
  setState(state: LogState): void {
    Atomics.store(this.#memory.control, ControlWord.state, state);
    this.flush();
  }

  get #head(): number {
    return this.#memory.control[ControlWord.head]!;
  }

  #word(sequence: number, word: number): number {
    return this.#memory.words[this.#memory.entryOf(sequence) + word]!;
  }

  /** Lets go of records that are older than the window, but never of the newest GOP. */
  #expire(nowMs: number): void {
    const { control } = this.#memory;
    const head = this.#head;
    let tail = control[ControlWord.tail]!;
    const keyFrame = control[ControlWord.newestKeyFrame]!;
    const oldestNeeded = this.#holdsKeyFrame ? keyFrame : head;
    while (
      distance(tail, head) >= INDEX_CAPACITY ||
      (distance(tail, oldestNeeded) > 0 &&
        distance(this.#word(tail, IndexWord.timestampMs), nowMs) > this.#windowMs)
    ) tail = (tail + 1) | 0;
    this.#moveTail(tail);
  }

  get #holdsKeyFrame(): boolean {
    const { control } = this.#memory;
    return control[ControlWord.keyFrames] !== 0 &&
      distance(control[ControlWord.tail]!, control[ControlWord.newestKeyFrame]!) >= 0;
  }

  /**
   * Has the pages that the next record needs, of `size` bytes. The oldest records give way if the log
   * has no more room, or the arena no more memory.
   */
  #makeRoom(size: number): void {
    const { control, data, index } = this.#memory;
    const head = this.#head;
    const start = control[ControlWord.writePosition]!;
    const end = (start + size) | 0;
    // It may begin in the middle of a page, and end so.
    const maxSpan = control[ControlWord.maxBytes]! + data.unitsPerPage;
    let tail = control[ControlWord.tail]!;
    while (
      tail !== head && distance(data.startOfPage(this.#positionOf(tail)), end) > maxSpan
    ) tail = (tail + 1) | 0;
    this.#moveTail(tail);

    this.#takePage(index, head);
    for (let at = start; distance(at, end) > 0; at = (at + data.restOfPage(at)) | 0) {
      this.#takePage(data, at);
    }
  }

  #takePage(table: PageTable, unit: number): void {
    const { control } = this.#memory;
    for (
      let refusal = table.take(unit);
      refusal !== undefined;
      refusal = table.take(unit)
    ) {
      if (control[ControlWord.tail] === this.#head) throw this.#noMemory(refusal);
      this.#giveUpPage();
      if (!this.#holdsKeyFrame) this.#lack = refusal;
    }
  }

  /** Lets go of all that begins in the oldest page: one by one, each would be asked for in vain. */
  #giveUpPage(): void {
    const { control, data } = this.#memory;
    const head = this.#head;
    let tail = control[ControlWord.tail]!;
    const page = data.startOfPage(this.#positionOf(tail));
    do tail = (tail + 1) | 0; while (
      tail !== head && data.startOfPage(this.#positionOf(tail)) === page
    );
    this.#moveTail(tail);
  }

  #noMemory(refusal: SegmentRefusal): StreamError {
    this.#lack = refusal;
    return new StreamError(describeLack(refusal));
  }

  #writeTag(position: number, type: TagType, timestampMs: number, body: Uint8Array): void {
    const memory = this.#memory;
    const place = memory.within(position, body.length + TAG_OVERHEAD);
    if (place !== undefined) {
      writeTag(place, 0, type, timestampMs, body);
      return;
    }
    memory.write(position, tagHeader(type, timestampMs, body.length));
    memory.write(position + TAG_HEADER_SIZE, body);
    memory.write(position + TAG_HEADER_SIZE + body.length, tagTrailer(body.length));
  }

  /** Where record `sequence` begins; where the next one will, if there is none. */
  #positionOf(sequence: number): number {
    return sequence === this.#head
      ? this.#memory.control[ControlWord.writePosition]!
      : this.#word(sequence, IndexWord.position);
  }

  /** Tracks need not be in step: what counts is the newest of all. */
  #raiseTimestamp(word: number, timestampMs: number): void {
    const { control } = this.#memory;
    const isFirst = control[ControlWord.head] === control[ControlWord.tail];
    if (isFirst || distance(control[word]!, timestampMs) > 0) control[word] = timestampMs;
  }

  /** Lets go of what lies before `tail`, and gives back the pages that hold nothing else. */
  #moveTail(tail: number): void {
    const { control, data, index } = this.#memory;
    const before = control[ControlWord.tail]!;
    if (before === tail) return;
    const start = this.#positionOf(before);
    const end = this.#positionOf(tail);
    Atomics.store(control, ControlWord.tail, tail);
    // A plain store may pass an atomic store before it on weakly ordered machines, but not an
    // atomic load that follows it: without this, bytes could change before the tail tells so.
    Atomics.load(control, ControlWord.tail);
    data.giveBetween(start, end);
    index.giveBetween(before, tail);
  }
}

function requireSlotCapacity(slot: Slot, body: Uint8Array): void {
  const capacity = SLOT_CAPACITIES[slot]!;
  if (body.length <= capacity) return;
  throw new StreamError(
    `Cannot keep a configuration: it may have ${capacity} bytes, got ${body.length}`,
  );
}
