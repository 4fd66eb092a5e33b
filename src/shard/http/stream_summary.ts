import type { MemoryUse } from "../../stream/memory_budget.ts";
import type { PublicationDescription } from "../../stream/publication.ts";

/** A stream as whoever may watch it is told of it. */
export interface LiveSummary {
  readonly app: string;
  readonly name: string;
  /** Path of its HTTP-FLV and WebSocket-FLV. */
  readonly url: string;
  /** "waiting": the publisher is gone and may come back. */
  readonly state: "live" | "waiting";
  readonly uptimeMs: number;
  /** Over every protocol. */
  readonly viewers: number;
  readonly bitrateBps: number | null;
  readonly video: PublicationDescription["video"];
  readonly audio: PublicationDescription["audio"];
  readonly tracks: PublicationDescription["tracks"];
  /** Whether the newest group of pictures is longer than the log: viewers start late. */
  readonly groupOverflows: boolean;
  readonly timestampFaults: PublicationDescription["timestampFaults"];
  readonly skippedMessages: PublicationDescription["skipped"];
  /** What the publisher should change, as sentences. */
  readonly advice: PublicationDescription["advice"];
  readonly rtmp: { readonly viewers: number };
  readonly webrtc: {
    readonly viewers: number;
    /** Whether it has B-frames, which are left out; `null` as long as nobody has looked. */
    readonly bFrames: boolean | null;
    /** Whether what is left without them is shown as it was made; `null` likewise. */
    readonly exact: boolean | null;
    /** What the publisher should change; `null` if nothing. */
    readonly advice: string | null;
    readonly sound: {
      /** What was left out, or became silence, on its way to Opus, by reason. */
      readonly dropped: Readonly<Record<string, number>>;
      /** Why it is not heard, and what the publisher should change; `null` if nothing. */
      readonly advice: string | null;
    };
  };
}

/** A stream as the API tells of it: with names that SRS's API has for the same. */
export interface StreamSummary extends LiveSummary {
  readonly id: string;
  /** There is but one. */
  readonly vhost: "__defaultVhost__";
  /** When it was opened, in milliseconds since 1970. */
  readonly live_ms: number;
  /** Viewers and the publisher. */
  readonly clients: number;
  readonly kbps: { readonly recv_30s: number; readonly send_30s: number };
  readonly publish: { readonly active: boolean; readonly cid: string | null };
  /** Shard that the publisher is connected to; `null` while waiting. */
  readonly shard: number | null;
  /** Id of the key, token or rule that the publisher came with. */
  readonly subject: string | null;
}

/** What the memory is used for: see docs/settings.md. */
export interface MemorySummary {
  /** Of all together. */
  readonly budgetBytes: number;
  readonly uses: Readonly<
    Record<"logs" | MemoryUse, { readonly usedBytes: number; readonly limitBytes: number }>
  >;
  /** Of the logs' memory, what was ever used at once: it stays the process's. */
  readonly logsTouchedBytes: number;
}

/** The body of `GET /api/v1/streams`. */
export interface StreamsReply {
  /** Always 0, as of SRS. */
  readonly code: 0;
  readonly server: {
    readonly version: string;
    readonly rtmpPort: number;
    readonly uptimeMs: number;
    readonly shards: number;
    readonly shardRestarts: number;
    readonly memory: MemorySummary;
  };
  readonly counters: Readonly<Record<string, number>>;
  /** Streams that there are, on all pages. */
  readonly total: number;
  /** From 1 on. */
  readonly page: number;
  readonly pages: number;
  /** {@linkcode STREAMS_PER_PAGE} at most, in the order of their paths. */
  readonly streams: readonly StreamSummary[];
}

/** A page of the list of streams. */
export const STREAMS_PER_PAGE = 100;

/** What control makes for {@linkcode StreamsReply}, once for all who ask. */
export interface StreamsPage {
  /** JSON of a {@linkcode StreamsReply} without its streams. */
  readonly head: string;
  /** Application and name of each stream. */
  readonly paths: readonly string[];
  /** JSON of each, for the administrator. */
  readonly streams: readonly string[];
  /** JSON of each, for whoever may watch it. */
  readonly live: readonly string[];
  /** How long ago it was made. */
  readonly ageMs: number;
}
