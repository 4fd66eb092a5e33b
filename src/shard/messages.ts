/**
 * All that control and shards say to each other: one closed union for each direction. Media never
 * pass here; they cross threads in the stream logs.
 */

import type {
  AccessDecision,
  AccessRequest,
  BegunSession,
  EndedSession,
} from "../access/access.ts";
import type { SharedLog } from "../stream/log_arena.ts";
import type { ApiEvent } from "./api_event.ts";
import type { ShardSettings } from "./shard_settings.ts";
import type { ConsoleAsset } from "./http/routing/console_asset.ts";
import type {
  Contest,
  PublishedContent,
  PublisherTerms,
  StreamPublisher,
} from "./live/publish_decision.ts";
import type { RevokedCount } from "./live/revoked_count.ts";
import type { SentLately } from "../access/sent_lately.ts";
import type { StreamEntry, StreamTerms } from "./live/stream_entry.ts";
import type { StreamsPage } from "./http/api/stream_summary.ts";
import type { StreamReport } from "./live/stream_report.ts";
import type { ForwardedRequest, ForwardedResponse } from "./http/routing/forwarded_request.ts";

/** What becomes of a text that changes settings: if it is wrong, nothing was changed. */
export type ReloadOutcome =
  | { readonly kind: "done"; readonly revoked: readonly RevokedCount[] }
  | { readonly kind: "wrong"; readonly reason: string };

/** From control to a shard. */
export type ToShard =
  | {
    readonly kind: "start";
    readonly shard: number;
    readonly settings: ShardSettings;
    readonly counters: SharedArrayBuffer;
    /** One Int32 word, which the shard changes as long as it is not hung, however busy it is. */
    readonly heartbeat: SharedArrayBuffer;
    readonly addressCounts: SharedArrayBuffer;
    /** Of a `MemoryBudget`. */
    readonly memory: SharedArrayBuffer;
    readonly assets: readonly ConsoleAsset[];
    readonly streams: readonly StreamEntry[];
  }
  | { readonly kind: "stream-opened"; readonly stream: StreamEntry }
  | {
    readonly kind: "stream-changed";
    readonly streamId: number;
    readonly terms: StreamTerms;
  }
  | { readonly kind: "stream-closed"; readonly streamId: number }
  | {
    readonly kind: "publish-accepted";
    readonly requestId: number;
    readonly streamId: number;
    /** By the publisher before this one, as far as it counts for it. */
    readonly sent: SentLately | undefined;
  }
  | {
    readonly kind: "publish-refused";
    readonly requestId: number;
    readonly reason: string;
    readonly isTaken: boolean;
  }
  /** Another one wants to publish the stream; if it stays, answered with "publication-kept". */
  | { readonly kind: "publication-contested"; readonly streamId: number; readonly how: Contest }
  /** Its publisher is to be ended. */
  | { readonly kind: "publication-ended"; readonly streamId: number; readonly reason: string }
  /** Answers "stream-end". */
  | { readonly kind: "stream-ended"; readonly requestId: number; readonly isFound: boolean }
  /** What has changed, numbered from `first` on: for a shard where somebody follows it. */
  | { readonly kind: "events"; readonly first: number; readonly events: readonly ApiEvent[] }
  | { readonly kind: "streams-reply"; readonly requestId: number; readonly page: StreamsPage }
  /** Answers "opus-wanted" by its `requestId`: that sound is here, as Opus. */
  | {
    readonly kind: "opus-opened";
    readonly streamId: number;
    readonly audioTrack: number | undefined;
    readonly requestId: number;
    readonly log: SharedLog;
  }
  /** That log has ended. To be answered with "opus-unwanted" once it is read no more. */
  | {
    readonly kind: "opus-closed";
    readonly streamId: number;
    readonly audioTrack: number | undefined;
    readonly requestId: number;
    readonly reason: string;
  }
  /** Asks what is answered with "forwarded-response"; `requestId` is control's number. */
  | {
    readonly kind: "forwarded-request";
    readonly requestId: number;
    readonly from: number;
    readonly request: ForwardedRequest;
  }
  /** Answers "forward"; without a response if that shard is not there. */
  | {
    readonly kind: "forward-reply";
    readonly requestId: number;
    readonly response: ForwardedResponse | undefined;
  }
  /**
   * The configuration has changed. Those whom it is about are asked again; if some are named, it is
   * answered with "configured".
   */
  | {
    readonly kind: "configure";
    readonly id: number;
    readonly settings: ShardSettings;
    readonly revoke: readonly string[];
    readonly recheck: boolean;
  }
  /** Answers "reload". */
  | {
    readonly kind: "reload-reply";
    readonly requestId: number;
    readonly outcome: ReloadOutcome;
  }
  /** Answers "access-question"; without a decision if the function leaves it to others, or failed. */
  | {
    readonly kind: "access-answer";
    readonly requestId: number;
    readonly decision: AccessDecision | undefined;
    readonly hasFailed: boolean;
  }
  /**
   * The process will end soon: nobody new is wanted, and who can go elsewhere is asked to. With
   * `keepsHttp`, those who ask whether the server is ready are still told.
   */
  | { readonly kind: "drain"; readonly keepsHttp: boolean }
  | { readonly kind: "stop" }
  /** Those who follow events have been told all that there is to tell. */
  | { readonly kind: "end-events" };

/** From a shard to control. */
export type ToControl =
  | { readonly kind: "listening" }
  | { readonly kind: "listen-failed"; readonly reason: string }
  | {
    readonly kind: "publish";
    readonly requestId: number;
    readonly path: string;
    readonly publisher: StreamPublisher;
  }
  /** Who asks to publish has left: it is to be refused, unless it is answered already. */
  | { readonly kind: "publish-forgotten"; readonly requestId: number; readonly path: string }
  /** What let a publisher in says something else now. */
  | {
    readonly kind: "publication-changed";
    readonly streamId: number;
    readonly terms: PublisherTerms;
  }
  | {
    readonly kind: "unpublish";
    readonly streamId: number;
    readonly content: PublishedContent;
    /** If that is limited. */
    readonly sent: SentLately | undefined;
  }
  /** Somebody was let in: for the program that the gateway is embedded in, without secrets. */
  | { readonly kind: "session-began"; readonly session: BegunSession }
  /** Who was let in is gone: for the program that the gateway is embedded in, without secrets. */
  | { readonly kind: "session-ended"; readonly session: EndedSession }
  | { readonly kind: "publication-kept"; readonly streamId: number }
  /** A stream is to be ended, and its publisher. */
  | { readonly kind: "stream-end"; readonly requestId: number; readonly path: string }
  | { readonly kind: "streams-request"; readonly requestId: number; readonly page: number }
  /** Who has come and gone, and what the administrator has ended. */
  | { readonly kind: "events"; readonly events: readonly ApiEvent[] }
  /** Whether somebody follows here what changes. */
  | { readonly kind: "events-follow"; readonly isFollowing: boolean }
  /** Comes every second. */
  | { readonly kind: "report"; readonly streams: readonly StreamReport[] }
  /** The shard reads a closed stream's log no more. */
  | { readonly kind: "stream-released"; readonly streamId: number }
  /**
   * The shard wants a stream's sound as Opus: told at most once until "opus-unwanted". It is that of
   * the default track, or of the one with this number, which must not be the default one's.
   */
  | {
    readonly kind: "opus-wanted";
    readonly streamId: number;
    readonly audioTrack: number | undefined;
    readonly requestId: number;
  }
  /** The shard reads no Opus of that sound any more, and wants none. */
  | {
    readonly kind: "opus-unwanted";
    readonly streamId: number;
    readonly audioTrack: number | undefined;
  }
  | {
    readonly kind: "forward";
    readonly requestId: number;
    readonly shard: number;
    readonly request: ForwardedRequest;
  }
  | {
    readonly kind: "forwarded-response";
    readonly requestId: number;
    readonly to: number;
    readonly response: ForwardedResponse;
  }
  /** The text of a configuration whose members are to replace those that there are. */
  | { readonly kind: "reload"; readonly requestId: number; readonly text: string }
  /** Answers "configure": whom those are who were named, in the order of the names. */
  | {
    readonly kind: "configured";
    readonly id: number;
    readonly counts: readonly RevokedCount[];
  }
  /** Has the function decide that the gateway was embedded with. */
  | {
    readonly kind: "access-question";
    readonly requestId: number;
    readonly request: AccessRequest;
  }
  /** It is to stop, and all who watched and published have gone, which is told. */
  | { readonly kind: "emptied" }
  | { readonly kind: "stopped" };
