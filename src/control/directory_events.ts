import type { Contest, PublishDecision } from "../shard/live/publish_decision.ts";
import type { StreamEntry, StreamTerms } from "../shard/live/stream_entry.ts";
import type { LogStore } from "../stream/log_store.ts";
import type { StreamChange } from "./stream_event.ts";
import type { RoomLimits } from "./stream_room.ts";

/** What of the configuration can change. */
export interface DirectorySettings extends RoomLimits {
  /** Whether the publisher of a stream gives way to another one: see docs/settings.md. */
  readonly secondPublisher: "refuse" | "takeOver" | "takeOverSame";
}

/** What the directory needs of the configuration. */
export interface DirectoryOptions extends DirectorySettings {
  readonly gracePeriodMs: number;
  readonly log: { readonly maxBytes: number; readonly windowMs: number };
  /** Where logs come from. */
  readonly logs: LogStore;
}

/** How shards learn of streams. */
export interface DirectoryEvents {
  readonly opened: (stream: StreamEntry) => void;
  readonly changed: (streamId: number, terms: StreamTerms) => void;
  /**
   * Shards are to let go of the stream's log, each to be followed by a call of `released`; so is
   * whoever else reads it, under a number of its own.
   *
   * @returns the numbers of those that were told
   */
  readonly closed: (streamId: number) => readonly number[];
  /** Another one wants to publish a stream: the shard's publisher ends, or stays. */
  readonly contested: (shard: number, streamId: number, how: Contest) => void;
  /** The shard is to end its publisher. */
  readonly ended: (shard: number, streamId: number, reason: string) => void;
  /** A stream has begun, is published otherwise, or has ended. */
  readonly told?: (change: StreamChange) => void;
  /** What has become of a publisher that had to wait. */
  readonly decided: (shard: number, requestId: number, decision: PublishDecision) => void;
}
