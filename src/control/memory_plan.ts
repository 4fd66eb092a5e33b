import { LogArena } from "../stream/log_arena.ts";
import { LogStore, SEGMENT_BYTES } from "../stream/log_store.ts";

/** What of the memory the logs of streams may have. */
const LOGS_SHARE = 1 / 2;

/** What of the logs' memory one log may have, and all those of one address. */
const LOG_SHARE = 1 / 2;
const ADDRESS_SHARE = 1 / 2;

/** What one array can be a view of for sure. */
const MAX_ARENA_BYTES = 8 * 1024 ** 3;

/** Segments to look through for a free one. */
const MAX_SEGMENTS = 32 * 1024;

/** Segments of a log that is hardly used: what its place may cost beside them is little then. */
const SEGMENTS_PER_LOG = 8;

/** How the memory that a gateway may use is shared out. */
export interface MemoryPlan {
  readonly logBytes: number;
  readonly maxLogBytes: number;
}

/** @param memory bytes in all */
export function memoryPlan(memory: number, maxLogBytes: number): MemoryPlan {
  const logBytes = Math.min(Math.floor(memory * LOGS_SHARE), MAX_ARENA_BYTES);
  return { logBytes, maxLogBytes: Math.min(maxLogBytes, Math.floor(logBytes * LOG_SHARE)) };
}

/** Memory for the logs of all streams. */
export function openLogStore({ logBytes, maxLogBytes }: MemoryPlan): LogStore {
  const atLeast = 2 ** Math.ceil(Math.log2(logBytes / MAX_SEGMENTS));
  const segmentBytes = Math.max(SEGMENT_BYTES, atLeast);
  return new LogStore(LogArena.allocate({
    bytes: logBytes,
    maxLogs: Math.ceil(logBytes / segmentBytes / SEGMENTS_PER_LOG),
    maxLogBytes,
    segmentBytes,
    maxBytesPerOwner: Math.floor(logBytes * ADDRESS_SHARE),
  }));
}
