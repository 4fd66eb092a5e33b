import type { SharedLog } from "../../stream/log_arena.ts";

/** What lets its publisher in says of a stream. It may change while it is published. */
export interface StreamTerms {
  /** Viewers that it may have. */
  readonly maxViewers?: number | undefined;
  /** Whether the list that viewers see leaves it out. */
  readonly isUnlisted?: boolean;
}

/** A stream that can be watched. */
export interface StreamEntry extends StreamTerms {
  readonly streamId: number;
  /** Application and name, as in URLs: "live/test". */
  readonly path: string;
  readonly log: SharedLog;
}

/** Whether two mean the same. */
export function areSameTerms(one: StreamTerms, other: StreamTerms): boolean {
  return one.maxViewers === other.maxViewers &&
    (one.isUnlisted ?? false) === (other.isUnlisted ?? false);
}
