import type { SharedLog } from "../../stream/log_arena.ts";

/** A stream that can be watched. */
export interface StreamEntry {
  readonly streamId: number;
  /** Application and name, as in URLs: "live/test". */
  readonly path: string;
  readonly log: SharedLog;
  /** Viewers that it may have, as what let its first publisher in says. */
  readonly maxViewers?: number | undefined;
  /** Whether the list that viewers see leaves it out. */
  readonly isUnlisted?: boolean;
}
