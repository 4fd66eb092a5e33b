import { TAG_OVERHEAD, type TagType, writeTag } from "../flv/tag.ts";
import {
  allocateLog,
  Control,
  distance,
  INDEX_CAPACITY,
  indexPosition,
  type LogMemory,
  type LogState,
  RecordFlag,
  Slot,
  SLOT_CAPACITIES,
  SLOT_OFFSETS,
  viewLog,
} from "./log_layout.ts";
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
  #heldBytes = 0;
  /** The most that was ever held: what the next group of pictures may need again. */
  #peakBytes = 0;

  constructor(shared: SharedArrayBuffer, { windowMs }: LogWindow) {
    this.#memory = viewLog(shared);
    this.#windowMs = windowMs;
    const { control } = this.#memory;
    // A writer whose thread died inside writeSlot left the lock odd.
    if (control[Control.slotVersion]! % 2 !== 0) Atomics.add(control, Control.slotVersion, 1);
    const head = this.#head;
    for (let at = control[Control.tail]!; at !== head; at = (at + 1) | 0) {
      this.#heldBytes += this.#lengthOf(at);
    }
    this.#peakBytes = this.#heldBytes;
  }

  /** Shared memory for a log that holds at most `maxBytes` of tags. */
  static allocate(maxBytes: number): SharedArrayBuffer {
    return allocateLog(maxBytes);
  }

  /** The largest tag body the log takes: half of it, so that it always holds more than one tag. */
  get maxBodySize(): number {
    return (this.#memory.data.length >> 1) - TAG_OVERHEAD;
  }

  /** The newest timestamp of any record; `undefined` if the log is empty. */
  get lastTimestampMs(): number | undefined {
    const { control } = this.#memory;
    return this.#head === control[Control.tail]! ? undefined : control[Control.endTimestampMs]!;
  }

  /**
   * Appends one record. Readers may see it at once, but are not woken before {@linkcode flush}.
   *
   * @throws {StreamError} if the body is larger than {@linkcode maxBodySize}
   */
  append({ type, timestampMs, body, flags }: LogRecord): void {
    if (body.length > this.maxBodySize) {
      throw new StreamError(
        `Cannot append to the log: a tag body may have ${this.maxBodySize} bytes, got ${body.length}`,
      );
    }
    const { control, index, data } = this.#memory;
    const size = body.length + TAG_OVERHEAD;
    this.#expire(timestampMs);
    const writeOffset = control[Control.writeOffset]!;
    const offset = this.#place(size);
    // Behind a jump to the start lie records older than those there, and records go in their order.
    if (offset < writeOffset) this.#free(writeOffset, data.length);
    this.#free(offset, offset + size);

    writeTag(data, offset, type, timestampMs, body);
    const head = this.#head;
    const entry = indexPosition(head);
    index[entry] = offset;
    index[entry + 1] = size;
    index[entry + 2] = timestampMs;
    index[entry + 3] = flags;
    this.#heldBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#heldBytes);
    control[Control.writeOffset] = offset + size;
    this.#raiseTimestamp(Control.endTimestampMs, timestampMs);
    if ((flags & RecordFlag.additional) === 0) {
      this.#raiseTimestamp(Control.lastTimestampMs, timestampMs);
    }
    // Where viewers begin, and what is held: what is of the default track.
    if ((flags & (RecordFlag.keyFrame | RecordFlag.additional)) === RecordFlag.keyFrame) {
      Atomics.store(control, Control.newestKeyFrame, head);
      Atomics.add(control, Control.keyFrames, 1);
    }
    Atomics.store(control, Control.head, (head + 1) | 0);
  }

  /** Wakes the readers that wait for records. */
  flush(): void {
    const { control } = this.#memory;
    Atomics.add(control, Control.wake, 1);
    Atomics.notify(control, Control.wake);
    this.flushSound();
  }

  /** Wakes the readers that wait for sound alone: those that may not wait for the next picture. */
  flushSound(): void {
    const { control } = this.#memory;
    Atomics.add(control, Control.soundWake, 1);
    Atomics.notify(control, Control.soundWake);
  }

  /** Whether a slot holds exactly these bytes. */
  slotHolds(slot: Slot, body: Uint8Array): boolean {
    const { control, bytes } = this.#memory;
    if (control[Control.slotLengths + slot] !== body.length) return false;
    const offset = SLOT_OFFSETS[slot]!;
    return body.every((byte, at) => bytes[offset + at] === byte);
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
      this.#memory.control[Control.slotLengths + slot] !== 0;
    const flags = record.flags | (replaces ? RecordFlag.reconfiguration : 0);
    this.append({ ...record, flags });
    this.writeSlot(slot, record.body);
  }

  /**
   * Stores the tag body that new viewers get before their first frame; an empty one clears the slot.
   *
   * @throws {StreamError} if the body is larger than the slot
   */
  writeSlot(slot: Slot, body: Uint8Array): void {
    requireSlotCapacity(slot, body);
    const { control, bytes } = this.#memory;
    Atomics.add(control, Control.slotVersion, 1);
    Atomics.store(control, Control.slotLengths + slot, body.length);
    bytes.set(body, SLOT_OFFSETS[slot]!);
    Atomics.add(control, Control.slotVersion, 1);
  }

  /**
   * Writes over a part of what a slot holds; the rest stays as it is.
   *
   * @throws {StreamError} if the part does not lie within what it holds
   */
  writeSlotPart(slot: Slot, start: number, part: Uint8Array): void {
    const { control, bytes } = this.#memory;
    const length = control[Control.slotLengths + slot]!;
    if (start + part.length > length) {
      throw new StreamError(
        `Cannot write over a part of a slot: must end within ${length} bytes, got ${
          start + part.length
        }`,
      );
    }
    Atomics.add(control, Control.slotVersion, 1);
    bytes.set(part, SLOT_OFFSETS[slot]! + start);
    Atomics.add(control, Control.slotVersion, 1);
  }

  /** Sets which tracks were seen, as `Track` bits, and whether that is decided. */
  setTracks(tracks: number, settled: boolean): void {
    const { control } = this.#memory;
    Atomics.store(control, Control.tracks, tracks);
    Atomics.store(control, Control.tracksSettled, settled ? 1 : 0);
  }

  /** Sets one of `LogState` and wakes the readers. */
  setState(state: LogState): void {
    Atomics.store(this.#memory.control, Control.state, state);
    this.flush();
  }

  /** Empties the log for another stream: only when no thread reads or writes it any more. */
  reset(): void {
    const { control } = this.#memory;
    const generation = control[Control.generation]!;
    control.fill(0);
    this.#heldBytes = this.#peakBytes = 0;
    Atomics.store(control, Control.generation, (generation + 1) | 0);
  }

  get #head(): number {
    return this.#memory.control[Control.head]!;
  }

  #lengthOf(sequence: number): number {
    return this.#memory.index[indexPosition(sequence) + 1]!;
  }

  /** Lets go of records that are older than the window, but never of the newest GOP. */
  #expire(nowMs: number): void {
    const { control, index } = this.#memory;
    const head = this.#head;
    let tail = control[Control.tail]!;
    const keyFrame = control[Control.newestKeyFrame]!;
    const holdsKeyFrame = control[Control.keyFrames] !== 0 && distance(tail, keyFrame) >= 0;
    const oldestNeeded = holdsKeyFrame ? keyFrame : head;
    while (
      distance(tail, head) >= INDEX_CAPACITY ||
      (distance(tail, oldestNeeded) > 0 &&
        distance(index[indexPosition(tail) + 2]!, nowMs) > this.#windowMs)
    ) tail = (tail + 1) | 0;
    this.#moveTail(tail);
  }

  /**
   * Where a tag of `size` bytes goes: behind the newest one, or at the start again. The latter as
   * soon as what has expired there has room for twice what was ever held, so that a log touches
   * three or four windows of memory and not all of its ring, and yet a group of pictures fits that
   * is larger than those before it.
   */
  #place(size: number): number {
    const { control, index, data } = this.#memory;
    const offset = control[Control.writeOffset]!;
    if (offset + size > data.length) return 0;
    const tail = control[Control.tail]!;
    if (tail === this.#head) return 0;
    const tailOffset = index[indexPosition(tail)]!;
    return tailOffset < offset && tailOffset >= 2 * this.#peakBytes + size ? 0 : offset;
  }

  /** Moves the tail past the oldest records as long as they have bytes in this range. */
  #free(start: number, end: number): void {
    const { control, index } = this.#memory;
    const head = this.#head;
    let tail = control[Control.tail]!;
    while (tail !== head) {
      const entry = indexPosition(tail);
      const offset = index[entry]!;
      if (offset >= end || offset + this.#lengthOf(tail) <= start) break;
      tail = (tail + 1) | 0;
    }
    this.#moveTail(tail);
  }

  /** Tracks need not be in step: what counts is the newest of all. */
  #raiseTimestamp(word: number, timestampMs: number): void {
    const { control } = this.#memory;
    const isFirst = control[Control.head] === control[Control.tail];
    if (isFirst || distance(control[word]!, timestampMs) > 0) control[word] = timestampMs;
  }

  #moveTail(tail: number): void {
    const { control } = this.#memory;
    if (control[Control.tail] === tail) return;
    for (let at = control[Control.tail]!; at !== tail; at = (at + 1) | 0) {
      this.#heldBytes -= this.#lengthOf(at);
    }
    Atomics.store(control, Control.tail, tail);
    // A plain store may pass an atomic store before it on weakly ordered machines, but not an
    // atomic load that follows it: without this, bytes could change before the tail tells so.
    Atomics.load(control, Control.tail);
  }
}

function requireSlotCapacity(slot: Slot, body: Uint8Array): void {
  const capacity = SLOT_CAPACITIES[slot]!;
  if (body.length <= capacity) return;
  throw new StreamError(
    `Cannot keep a configuration: it may have ${capacity} bytes, got ${body.length}`,
  );
}
