/**
 * All that control and shards say to each other: one closed union for each direction. Media never
 * pass here; they cross threads in the stream logs.
 */

import type { SharedLog } from "../stream/log_arena.ts";
import type { MemoryUse } from "../stream/memory_budget.ts";
import type { PublicationDescription } from "../stream/publication.ts";
import type { Counted } from "./net/address_counts.ts";

/** A file of the console, held in memory. */
export interface ConsoleAsset {
  /** The path of its address: "/" or below "/assets/". */
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

/** Kinds of addresses, from which a port is reached. */
export interface ReachedFamilies {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** What a shard needs to know for WebRTC; its ports are its own. */
export interface WebrtcSettings {
  /** The number of {@linkcode tcpPort}; `undefined` if replies over UDP are not permitted. */
  readonly udpPort: number | undefined;
  /** Whom it can be used for. */
  readonly udpFamilies: ReachedFamilies;
  /** For ICE-TCP. */
  readonly tcpPort: number;
  /** Whom that can be used for. */
  readonly tcpFamilies: ReachedFamilies;
  /** Addresses to announce as candidates; if there are none, the one that the request came to. */
  readonly publicIps: readonly string[];
  /** Bytes of a datagram of media, at most. */
  readonly packetBytes: number;
  /** How viewers are asked to tell what they can receive: REMB, or transport-wide feedback. */
  readonly feedback: "remb" | "twcc";
  /** What is done with a stream that has B-frames: leave them out, or refuse the viewer. */
  readonly bFrames: "drop" | "refuse";
  /** The same for one whose other pictures need its B-frames. */
  readonly inexact: "show" | "refuse";
  /** From an answer until media can be sent to the viewer. */
  readonly connectMs: number;
  /** How long a viewer lasts after its last valid check. */
  readonly consentMs: number;
}

/** What a shard needs for TLS. */
export interface TlsSettings {
  /** PEM: the certificate, and those that vouch for it. */
  readonly certificate: string;
  /** PEM. A secret: it is to be in no log. */
  readonly key: string;
  readonly rtmpsPort: number;
  readonly httpsPort: number;
}

/** How many there may be of something, over all shards. */
export interface PlaceLimits {
  readonly max: number;
  /** Of one address, or one IPv6 network. */
  readonly maxPerAddress: number;
}

/** What a shard needs to know of the configuration. */
export interface ShardSettings {
  readonly version: string;
  readonly host: string;
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** `undefined` if there is no certificate: then nothing listens for TLS. */
  readonly tls: TlsSettings | undefined;
  /** Whether other shards listen on the same ports. */
  readonly sharesPorts: boolean;
  readonly flushMs: number;
  readonly rtmpFlushMs: number;
  readonly windowMs: number;
  readonly listAgeMs: number;
  readonly maxViewers: number;
  readonly places: Readonly<Record<Counted, PlaceLimits>>;
  /** Networks whose proxies are believed when they say whom they serve. */
  readonly trustedProxies: readonly string[];
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
    readonly playWaitMs: number;
  };
  readonly unpublishNotify: "leave" | "end";
  readonly logLevel: "debug" | "info" | "warning" | "error";
  readonly logFormat: "text" | "json";
  readonly contentSecurityPolicy: string;
  readonly webrtc: WebrtcSettings;
}

/** Whom a stream counts for. */
export interface StreamPublisher {
  /** For limits: an address or an IPv6 network; `undefined` for none. */
  readonly network: string | undefined;
  /** Whose share of the memory its log counts to. */
  readonly owner: number;
}

/** A stream that can be watched. */
export interface StreamEntry {
  readonly streamId: number;
  /** Application and name, as in URLs: "live/test". */
  readonly path: string;
  readonly log: SharedLog;
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
  /** JSON of each. */
  readonly streams: readonly string[];
  /** How long ago it was made. */
  readonly ageMs: number;
}

/** What a shard tells of one of the streams that it serves. */
export interface StreamReport {
  readonly streamId: number;
  /** Over HTTP-FLV and WebSocket-FLV. */
  readonly viewers: number;
  readonly rtmpViewers: number;
  readonly groupOverflows: boolean;
  /** Only from the shard that the publisher is connected to. */
  readonly publication: PublicationDescription | undefined;
  readonly webrtcViewers: number;
  /** Only from shards that have looked at the pictures. */
  readonly webrtc: PictureReport | undefined;
}

/** What mends B-frames, which browsers cannot show over WebRTC. */
export const B_FRAMES_REMEDY = "In OBS set Max B-frames to 0 or Tune to zerolatency; " +
  "with ffmpeg add -bf 0 or -tune zerolatency.";

/** What WebRTC can make of a stream's pictures. */
export interface PictureReport {
  readonly bFrames: boolean;
  /** Whether B pictures are left out. Where not, a stream that has them is not shown. */
  readonly areDropped: boolean;
  /** Whether no picture needs one that is left out. */
  readonly exact: boolean;
  readonly inexactReason: string | undefined;
}

/** A request about a viewer that another shard has. */
export interface ForwardedRequest {
  readonly method: "GET" | "PATCH" | "DELETE";
  /** The viewer's name in the URL. */
  readonly resource: string;
  readonly contentType: string;
  readonly ifMatch: string | undefined;
  readonly body: Uint8Array;
}

/** What the other shard answers. */
export interface ForwardedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
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
    /** One Int32 word, which the shard changes as long as it is not hung, however busy it is. */
    readonly heartbeat: SharedArrayBuffer;
    readonly addressCounts: SharedArrayBuffer;
    /** Of a `MemoryBudget`. */
    readonly memory: SharedArrayBuffer;
    readonly assets: readonly ConsoleAsset[];
    readonly streams: readonly StreamEntry[];
  }
  | { readonly kind: "stream-opened"; readonly stream: StreamEntry }
  | { readonly kind: "stream-closed"; readonly streamId: number }
  | { readonly kind: "publish-accepted"; readonly requestId: number; readonly streamId: number }
  | { readonly kind: "publish-refused"; readonly requestId: number; readonly reason: string }
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
  /** The process will end soon: nobody new is wanted, and who can go elsewhere is asked to. */
  | { readonly kind: "drain" }
  | { readonly kind: "stop" };

/** Whether anything of a publisher can have been shown or heard. */
export type PublishedContent = "media" | "nothing";

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
  | { readonly kind: "unpublish"; readonly streamId: number; readonly sent: PublishedContent }
  | { readonly kind: "streams-request"; readonly requestId: number; readonly page: number }
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
  | { readonly kind: "stopped" };
