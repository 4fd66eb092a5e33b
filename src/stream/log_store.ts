import { LogArena, NO_OWNER, type SegmentRefusal, type SharedLog } from "./log_arena.ts";
import { ControlWord } from "./log_layout.ts";

/** What a new log is to be. */
export interface LogWish {
  /** Bytes of tags that it may hold. */
  readonly maxBytes: number;
  /** Whose share of the memory it counts to. */
  readonly owner?: number;
}

/** Of memory for logs, what must be free for another one: those that are there may grow. */
const KEPT_FREE = 1 / 16;

/** Bytes of a segment: what the smallest log has of each kind. */
export const SEGMENT_BYTES = 32 * 1024;

/** The logs of one arena. Only the thread that made it opens and closes logs. */
export class LogStore {
  readonly arena: LogArena;
  /** 1 of the places that are in use. */
  readonly #isUsed: Uint8Array;

  constructor(arena: LogArena) {
    this.arena = arena;
    this.#isUsed = new Uint8Array(arena.layout.maxLogs);
  }

  /** An empty log, which takes memory as it grows; or why there can be none. */
  open({ maxBytes, owner = NO_OWNER }: LogWish): SharedLog | SegmentRefusal {
    const { arena } = this;
    const log = this.#isUsed.indexOf(0);
    if (log < 0 || arena.totalBytes - arena.usedBytes < arena.totalBytes * KEPT_FREE) return "full";
    if (arena.isShareUsedUp(owner)) return "share";
    this.#isUsed[log] = 1;
    return prepare(arena, log, maxBytes, owner);
  }

  /** Takes back a log that no thread reads or writes any more. */
  close({ log }: SharedLog): void {
    if (this.#isUsed[log] === 0) return;
    this.arena.sweep(log);
    this.#isUsed[log] = 0;
  }
}

/** A log in an arena for it alone. */
export function allocateLog(maxBytes: number): SharedLog {
  // A log of a few KiB has pages too.
  const segmentBytes = 2 **
    Math.floor(Math.log2(Math.min(Math.max(maxBytes / 16, 64), SEGMENT_BYTES)));
  const spare = 1024 * 1024;
  const bytes = maxBytes + spare;
  const arena = LogArena.allocate({ bytes, maxLogs: 1, maxLogBytes: maxBytes, segmentBytes });
  return prepare(arena, 0, maxBytes, NO_OWNER);
}

/** Whose share of the memory a log counts to. */
export function ownerOf({ arena: shared, log }: SharedLog): number {
  const { control } = new LogArena(shared).placesOf(log);
  return new Int32Array(shared, control)[ControlWord.owner]!;
}

/** Why a stream cannot have more memory, as its publisher is told. */
export function describeLack(refusal: SegmentRefusal): string {
  return refusal === "full"
    ? "Cannot keep the stream: the memory for streams is used up."
    : "Cannot keep the stream: your address has its share of the memory for streams.";
}

function prepare(arena: LogArena, log: number, maxBytes: number, owner: number): SharedLog {
  const control = new Int32Array(arena.shared, arena.placesOf(log).control);
  control[ControlWord.maxBytes] = maxBytes;
  control[ControlWord.owner] = owner;
  return { arena: arena.shared, log };
}
