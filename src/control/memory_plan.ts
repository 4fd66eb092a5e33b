import { LogArena } from "../stream/log_arena.ts";
import type { MemorySummary } from "../shard/http/api/stream_summary.ts";
import { type BudgetLimits, MEMORY_USES, type MemoryBudget } from "../stream/memory_budget.ts";
import { LogStore, SEGMENT_BYTES } from "../stream/log_store.ts";

/** What of the memory the logs of streams may have. */
const LOGS_SHARE = 1 / 2;

/** What of the logs' memory one log may have, and all those of one address. */
const LOG_SHARE = 1 / 2;
const ADDRESS_SHARE = 1 / 2;

/** What of the memory the other uses may have, each; together no more than what the logs leave. */
const COPIES_SHARE = 1 / 4;
const PIECES_SHARE = 1 / 8;
const MESSAGES_SHARE = 1 / 8;
const SESSIONS_SHARE = 3 / 8;

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
  /** Of what grows with peers beside them. */
  readonly limits: BudgetLimits;
}

/** @param memory bytes in all */
export function memoryPlan(memory: number, maxLogBytes: number): MemoryPlan {
  const logBytes = Math.min(Math.floor(memory * LOGS_SHARE), MAX_ARENA_BYTES);
  return {
    logBytes,
    maxLogBytes: Math.min(maxLogBytes, Math.floor(logBytes * LOG_SHARE)),
    limits: {
      copies: memory * COPIES_SHARE,
      pieces: memory * PIECES_SHARE,
      messages: memory * MESSAGES_SHARE,
      sessions: memory * SESSIONS_SHARE,
      total: memory - logBytes,
    },
  };
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

/** What the memory is used for just now. */
export function describeMemory(
  memory: number,
  budget: MemoryBudget,
  { arena }: LogStore,
): MemorySummary {
  const others = MEMORY_USES.map((use) => [use, {
    usedBytes: budget.used(use),
    limitBytes: budget.limit(use),
  }]);
  return {
    budgetBytes: memory,
    uses: {
      logs: { usedBytes: arena.usedBytes, limitBytes: arena.totalBytes },
      ...Object.fromEntries(others),
    },
    logsTouchedBytes: arena.touchedBytes,
  };
}
