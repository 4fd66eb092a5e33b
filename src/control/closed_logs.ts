import type { SharedLog } from "../stream/log_arena.ts";
import type { LogStore } from "../stream/log_store.ts";

interface ClosedLog {
  readonly log: SharedLog;
  readonly heldBy: Set<number>;
}

/** Logs of streams that are over: each is used again once all have let go of it who read it. */
export class ClosedLogs {
  readonly #logs: Pick<LogStore, "close">;
  readonly #byStream = new Map<number, ClosedLog>();

  /** @param logs takes them back */
  constructor(logs: Pick<LogStore, "close">) {
    this.#logs = logs;
  }

  /** @param heldBy numbers of those who read it; there may be none */
  add(streamId: number, log: SharedLog, heldBy: readonly number[]): void {
    if (heldBy.length === 0) this.#logs.close(log);
    else this.#byStream.set(streamId, { log, heldBy: new Set(heldBy) });
  }

  /** Somebody reads the log of a stream no more. */
  released(streamId: number, reader: number): void {
    const closed = this.#byStream.get(streamId);
    if (closed === undefined) return;
    closed.heldBy.delete(reader);
    if (closed.heldBy.size > 0) return;
    this.#byStream.delete(streamId);
    this.#logs.close(closed.log);
  }

  /** Somebody reads nothing any more. */
  lost(reader: number): void {
    for (const streamId of [...this.#byStream.keys()]) this.released(streamId, reader);
  }
}
