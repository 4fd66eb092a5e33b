import {
  CONTROL_WORDS,
  ControlWord,
  INDEX_CAPACITY,
  INDEX_WORDS,
  INLINE_SLOT_BYTES,
  LONG_SLOTS_BYTES,
  SLOT_CAPACITIES,
} from "./log_layout.ts";

/** A log, as one thread tells another of it. */
export interface SharedLog {
  /** Memory of all logs. */
  readonly arena: SharedArrayBuffer;
  /** Its place there. */
  readonly log: number;
}

/** What an arena is made for. */
export interface ArenaOptions {
  /** Bytes of all segments. */
  readonly bytes: number;
  /** Logs that there may be at once. */
  readonly maxLogs: number;
  /** Bytes of tags that any of them may hold. */
  readonly maxLogBytes: number;
  /** Bytes of a segment, a power of two. */
  readonly segmentBytes: number;
  /** Bytes of segments that the logs of one owner may have; by default all. */
  readonly maxBytesPerOwner?: number;
}

/** Owners that are told apart: of what others have, an owner that shares its number has less. */
const ARENA_OWNERS = 4096;

/** The owner whose logs count to nobody's share. */
export const NO_OWNER = 0;

/** Words at the beginning of an arena. */
const Word = {
  segmentShift: 0,
  /** Segment 0 is never given: its number means that there is none. */
  segments: 1,
  dataTableLength: 2,
  indexTableLength: 3,
  slotTableLength: 4,
  maxLogs: 5,
  /** Below it, hardly any segment is free. */
  lowestFree: 6,
  usedSegments: 7,
  /** The highest segment that was ever given: what lies above was never touched. */
  highestUsed: 8,
  maxSegmentsPerOwner: 9,
} as const;

const HEADER_WORDS = 64;
const PAGE_BYTES = 4096;

/** Where everything lies in an arena, in bytes unless it says otherwise. */
interface ArenaLayout {
  readonly segmentShift: number;
  readonly segments: number;
  readonly dataTableLength: number;
  readonly indexTableLength: number;
  readonly slotTableLength: number;
  readonly maxLogs: number;
  /** Offset of the first log's place. */
  readonly logsOffset: number;
  readonly logBytes: number;
  readonly segmentsOffset: number;
}

/** Where the parts of a log lie, in bytes from the start of the arena. */
export interface LogPlaces {
  readonly control: number;
  readonly dataTable: number;
  readonly indexTable: number;
  readonly slotTable: number;
  readonly inlineSlots: number;
}

/** Why a log gets no segment: there is none left, or its owner has its share. */
export type SegmentRefusal = "full" | "share";

/**
 * The memory of all stream logs, in segments that any thread can take and give back without a word
 * to another: a segment belongs to the log whose number its owner word has. What a thread that dies
 * had taken, its log has, and the arena has again when that is closed.
 *
 * The lowest free segment is given first, and the system gives pages only when they are first
 * written: so what is resident follows the most that was ever live at once.
 *
 * ```
 * | words | owner of each segment | segments of each owner | places of logs | segments |
 * ```
 */
export class LogArena {
  readonly shared: SharedArrayBuffer;
  readonly layout: ArenaLayout;
  readonly #words: Int32Array<SharedArrayBuffer>;
  /** The log of each segment, plus 1; 0 of one that is free. */
  readonly #logOf: Int32Array<SharedArrayBuffer>;
  readonly #usedBy: Int32Array<SharedArrayBuffer>;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#words = new Int32Array(shared, 0, HEADER_WORDS);
    const read = (word: number) => this.#words[word]!;
    this.layout = layOut({
      segmentShift: read(Word.segmentShift),
      segments: read(Word.segments),
      dataTableLength: read(Word.dataTableLength),
      indexTableLength: read(Word.indexTableLength),
      slotTableLength: read(Word.slotTableLength),
      maxLogs: read(Word.maxLogs),
    });
    const { segments } = this.layout;
    this.#logOf = new Int32Array(shared, HEADER_WORDS * 4, segments);
    this.#usedBy = new Int32Array(shared, (HEADER_WORDS + segments) * 4, ARENA_OWNERS);
  }

  /** Memory for logs, of which nothing is touched before it is needed. */
  static allocate(
    { bytes, maxLogs, maxLogBytes, segmentBytes, maxBytesPerOwner = bytes }: ArenaOptions,
  ): LogArena {
    const layout = layOut({
      segmentShift: Math.log2(segmentBytes),
      segments: Math.ceil(bytes / segmentBytes) + 1,
      // A page more than fit at both ends, which may be needed in part only.
      dataTableLength: powerOfTwo(Math.ceil(maxLogBytes / segmentBytes) + 2),
      indexTableLength: powerOfTwo(INDEX_CAPACITY * INDEX_WORDS * 4 / segmentBytes + 2),
      slotTableLength: Math.ceil(LONG_SLOTS_BYTES / segmentBytes),
      maxLogs,
    });
    const { segments } = layout;
    const shared = new SharedArrayBuffer(layout.segmentsOffset + segments * segmentBytes);
    const words = new Int32Array(shared, 0, HEADER_WORDS);
    words[Word.segmentShift] = layout.segmentShift;
    words[Word.segments] = segments;
    words[Word.dataTableLength] = layout.dataTableLength;
    words[Word.indexTableLength] = layout.indexTableLength;
    words[Word.slotTableLength] = layout.slotTableLength;
    words[Word.maxLogs] = maxLogs;
    words[Word.lowestFree] = 1;
    words[Word.maxSegmentsPerOwner] = Math.floor(maxBytesPerOwner / segmentBytes);
    return new LogArena(shared);
  }

  get segmentBytes(): number {
    return 2 ** this.layout.segmentShift;
  }

  /** Bytes of all segments. */
  get totalBytes(): number {
    return (this.layout.segments - 1) * this.segmentBytes;
  }

  /** Bytes of the segments that logs have now. */
  get usedBytes(): number {
    return Atomics.load(this.#words, Word.usedSegments) * this.segmentBytes;
  }

  /** Bytes that logs have ever had at once, near enough: what of the arena can be resident. */
  get touchedBytes(): number {
    return Atomics.load(this.#words, Word.highestUsed) * this.segmentBytes;
  }

  /** Bytes of the segments that the logs of an owner have now. */
  usedBytesOf(owner: number): number {
    return Atomics.load(this.#usedBy, owner) * this.segmentBytes;
  }

  /** Whether an owner's logs can have no more segments. */
  isShareUsedUp(owner: number): boolean {
    const limit = this.#words[Word.maxSegmentsPerOwner]!;
    return owner !== NO_OWNER && Atomics.load(this.#usedBy, owner) >= limit;
  }

  /** Where the parts of a log lie. */
  placesOf(log: number): LogPlaces {
    const { logsOffset, logBytes, dataTableLength, indexTableLength, slotTableLength } =
      this.layout;
    const control = logsOffset + log * logBytes;
    const dataTable = control + CONTROL_WORDS * 4;
    const indexTable = dataTable + dataTableLength * 4;
    const slotTable = indexTable + indexTableLength * 4;
    return {
      control,
      dataTable,
      indexTable,
      slotTable,
      inlineSlots: slotTable + slotTableLength * 4,
    };
  }

  /** Gives a log a segment, which may hold anything, or says why not. In any thread. */
  take(log: number, owner: number): number | SegmentRefusal {
    const used = Atomics.add(this.#usedBy, owner, 1);
    if (owner !== NO_OWNER && used >= this.#words[Word.maxSegmentsPerOwner]!) {
      Atomics.sub(this.#usedBy, owner, 1);
      return "share";
    }
    const { segments } = this.layout;
    const from = Atomics.load(this.#words, Word.lowestFree);
    const taken = this.#takeBetween(from, segments, log) ?? this.#takeBetween(1, from, log);
    if (taken === undefined) {
      Atomics.sub(this.#usedBy, owner, 1);
      return "full";
    }
    Atomics.store(this.#words, Word.lowestFree, taken + 1);
    Atomics.add(this.#words, Word.usedSegments, 1);
    this.#raiseHighest(taken);
    return taken;
  }

  /** Takes a segment back from a log. In any thread. */
  give(segment: number, owner: number): void {
    Atomics.store(this.#logOf, segment, 0);
    Atomics.sub(this.#words, Word.usedSegments, 1);
    Atomics.sub(this.#usedBy, owner, 1);
    for (
      let lowest = Atomics.load(this.#words, Word.lowestFree);
      segment < lowest;
      lowest = Atomics.load(this.#words, Word.lowestFree)
    ) Atomics.compareExchange(this.#words, Word.lowestFree, lowest, segment);
  }

  /**
   * Takes back all that a log has, when no thread reads or writes it any more. Whoever reads it
   * nevertheless finds that it is another one.
   */
  sweep(log: number): void {
    const { control, slotTable } = this.placesOf(log);
    const length = (slotTable - control) / 4 + this.layout.slotTableLength;
    const tables = new Int32Array(this.shared, control, length);
    const owner = tables[ControlWord.owner]!;
    // First, and as of a moved tail: who reads after it what is changed here knows that.
    Atomics.add(tables, ControlWord.generation, 1);
    Atomics.load(tables, ControlWord.generation);
    tables.fill(0, 0, ControlWord.generation);
    tables.fill(0, ControlWord.generation + 1);
    for (let segment = 1; segment < this.layout.segments; segment++) {
      if (Atomics.load(this.#logOf, segment) === log + 1) this.give(segment, owner);
    }
  }

  #takeBetween(start: number, end: number, log: number): number | undefined {
    for (let segment = start; segment < end; segment++) {
      if (this.#logOf[segment] !== 0) continue;
      if (Atomics.compareExchange(this.#logOf, segment, 0, log + 1) === 0) return segment;
    }
    return undefined;
  }

  #raiseHighest(segment: number): void {
    for (
      let highest = Atomics.load(this.#words, Word.highestUsed);
      segment > highest;
      highest = Atomics.load(this.#words, Word.highestUsed)
    ) Atomics.compareExchange(this.#words, Word.highestUsed, highest, segment);
  }
}

function layOut(
  given: Omit<ArenaLayout, "logsOffset" | "logBytes" | "segmentsOffset">,
): ArenaLayout {
  const { segmentShift, segments, dataTableLength, indexTableLength, slotTableLength, maxLogs } =
    given;
  const logsOffset = roundUp((HEADER_WORDS + segments + ARENA_OWNERS) * 4, PAGE_BYTES);
  const tableWords = dataTableLength + indexTableLength + slotTableLength;
  const logBytes = roundUp(
    (CONTROL_WORDS + tableWords) * 4 + SLOT_CAPACITIES.length * INLINE_SLOT_BYTES,
    PAGE_BYTES,
  );
  const segmentsOffset = roundUp(logsOffset + maxLogs * logBytes, 2 ** segmentShift);
  return { ...given, logsOffset, logBytes, segmentsOffset };
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
