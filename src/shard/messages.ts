/**
 * All that control and shards say to each other: one closed union for each direction. Media never
 * pass here; they cross threads in the stream logs.
 */

import type { PublicationDescription } from "../stream/publication.ts";

/** A file of the console, held in memory. */
export interface ConsoleAsset {
  /** The path of its address: "/" or below "/assets/". */
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

/** What a shard needs to know of the configuration. */
export interface ShardSettings {
  readonly version: string;
  readonly host: string;
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** Whether other shards listen on the same ports. */
  readonly sharesPorts: boolean;
  readonly flushMs: number;
  readonly windowMs: number;
  readonly maxViewers: number;
  readonly maxHttpConnections: number;
  readonly maxHttpConnectionsPerAddress: number;
  readonly maxRtmpConnections: number;
  readonly maxRtmpConnectionsPerAddress: number;
  readonly maxMessageBytes: number;
  readonly timeouts: {
    readonly handshakeMs: number;
    readonly publishMs: number;
    readonly firstFrameMs: number;
    readonly idleMs: number;
    readonly httpRequestMs: number;
    readonly httpIdleMs: number;
    readonly stallMs: number;
    readonly trackSettleMs: number;
  };
  readonly logLevel: "debug" | "info" | "warning" | "error";
  readonly logFormat: "text" | "json";
  readonly contentSecurityPolicy: string;
}

/** A stream that can be watched. */
export interface StreamEntry {
  readonly streamId: number;
  /** Application and name, as in URLs: "live/test". */
  readonly path: string;
  readonly log: SharedArrayBuffer;
}

/** A stream as the API tells of it. */
export interface StreamSummary {
  readonly app: string;
  readonly name: string;
  /** Path of its HTTP-FLV and WebSocket-FLV. */
  readonly url: string;
  /** "waiting": the publisher is gone and may come back. */
  readonly state: "live" | "waiting";
  /** Shard that the publisher is connected to; `null` while waiting. */
  readonly shard: number | null;
  readonly uptimeMs: number;
  readonly viewers: number;
  readonly bitrateBps: number | null;
  readonly video: PublicationDescription["video"];
  readonly audio: PublicationDescription["audio"];
  /** Whether the newest group of pictures is longer than the log: viewers start late. */
  readonly groupOverflows: boolean;
  readonly timestampCorrections: number;
  readonly skippedMessages: PublicationDescription["skipped"];
}

/** The body of `GET /api/v1/streams`. */
export interface StreamsReply {
  readonly server: {
    readonly version: string;
    readonly rtmpPort: number;
    readonly uptimeMs: number;
    readonly shards: number;
    readonly shardRestarts: number;
  };
  readonly counters: Readonly<Record<string, number>>;
  readonly streams: readonly StreamSummary[];
}

/** What a shard tells of one of the streams that it serves. */
export interface StreamReport {
  readonly streamId: number;
  readonly viewers: number;
  readonly groupOverflows: boolean;
  /** Only from the shard that the publisher is connected to. */
  readonly publication: PublicationDescription | undefined;
}

/** What control decides about a publisher. */
export type PublishDecision =
  | { readonly kind: "accepted"; readonly streamId: number }
  | { readonly kind: "refused"; readonly reason: string };

/** From control to a shard. */
export type ToShard =
  | {
    readonly kind: "start";
    readonly shard: number;
    readonly settings: ShardSettings;
    readonly counters: SharedArrayBuffer;
    readonly assets: readonly ConsoleAsset[];
    readonly streams: readonly StreamEntry[];
  }
  | { readonly kind: "stream-opened"; readonly stream: StreamEntry }
  | { readonly kind: "stream-closed"; readonly streamId: number }
  | { readonly kind: "publish-accepted"; readonly requestId: number; readonly streamId: number }
  | { readonly kind: "publish-refused"; readonly requestId: number; readonly reason: string }
  | { readonly kind: "streams-reply"; readonly requestId: number; readonly reply: StreamsReply }
  | { readonly kind: "stop" };

/** From a shard to control. */
export type ToControl =
  | { readonly kind: "listening" }
  | { readonly kind: "listen-failed"; readonly reason: string }
  | { readonly kind: "publish"; readonly requestId: number; readonly path: string }
  | { readonly kind: "unpublish"; readonly streamId: number }
  | { readonly kind: "streams-request"; readonly requestId: number }
  /** Comes every second, and so tells as well that the shard is alive. */
  | { readonly kind: "report"; readonly streams: readonly StreamReport[] }
  /** The shard reads a closed stream's log no more. */
  | { readonly kind: "stream-released"; readonly streamId: number }
  | { readonly kind: "stopped" };
