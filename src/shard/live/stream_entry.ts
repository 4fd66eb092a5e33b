import type { SharedLog } from "../../stream/log_arena.ts";

/** A stream that can be watched. */
export interface StreamEntry {
  readonly streamId: number;
  /** Application and name, as in URLs: "live/test". */
  readonly path: string;
  readonly log: SharedLog;
  /** Whether the list that viewers see leaves it out. */
  readonly isUnlisted?: boolean;
}
