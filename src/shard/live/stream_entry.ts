import type { SharedLog } from "../../stream/log_arena.ts";
import type { StreamPublisher } from "./publish_decision.ts";

/** A stream that can be watched. */
export interface StreamEntry {
  readonly streamId: number;
  /** Application and name, as in URLs: "live/test". */
  readonly path: string;
  readonly log: SharedLog;
  /** Viewers that it may have, as what let its publisher in says. */
  readonly maxViewers?: number | undefined;
  /** Whether the list that viewers see leaves it out. */
  readonly isUnlisted?: boolean;
}

/** Whether a publisher may go on with a stream: it is limited and listed as its own would be. */
export function fitsPublisher(
  { maxViewers, isUnlisted = false }: StreamEntry,
  publisher: Partial<StreamPublisher>,
): boolean {
  return maxViewers === publisher.maxViewers && isUnlisted === (publisher.isUnlisted ?? false);
}
