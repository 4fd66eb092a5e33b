import type { RunIdentity } from "../../shard_settings.ts";
import type { MemoryUse } from "../../../stream/memory_budget.ts";
import type { PublicationDescription } from "../../../stream/publication.ts";
import type { CodecWords } from "../../../codec/codec_words.ts";
import type { TrackPlace } from "../../../stream/track_set.ts";

/** SRS's name of the virtual host of those who name none: there is but one. */
export const VHOST = "__defaultVhost__";

/** What comes and goes, in kilobits per second over some thirty seconds. */
export interface Kbps {
  readonly recv_30s: number;
  readonly send_30s: number;
}

type VideoDescription = NonNullable<PublicationDescription["video"]>;
type AudioDescription = NonNullable<PublicationDescription["audio"]>;

/** Pictures as SRS tells of them, and what is known beside. */
export interface VideoSummary extends VideoDescription, CodecWords {
  /** As in RFC 6381, "avc1.64001f"; for codecs without such a name, FLV's. */
  readonly codecString: string;
  /** 0 as long as it is not known; so is the height. */
  readonly width: number;
  readonly height: number;
}

/** Sound likewise. */
export interface AudioSummary extends AudioDescription, Omit<CodecWords, "level"> {
  readonly codecString: string;
  /** 0 as long as it is not known; so is the number of channels. */
  readonly sample_rate: number;
  readonly channel: number;
}

/** One of several tracks. */
export type TrackSummary =
  | ({ readonly kind: "video" } & TrackPlace & VideoSummary)
  | ({ readonly kind: "audio" } & TrackPlace & AudioSummary);

/** A stream as whoever may watch it is told of it. */
export interface LiveSummary {
  readonly app: string;
  readonly name: string;
  /** Application and name behind a slash, as of SRS. */
  readonly url: string;
  /** Path of its HTTP-FLV and WebSocket-FLV. */
  readonly flvUrl: string;
  /** "waiting": the publisher is gone and may come back. */
  readonly state: "live" | "waiting";
  readonly uptimeMs: number;
  /** Over every protocol. */
  readonly viewers: number;
  readonly bitrateBps: number | null;
  readonly video: VideoSummary | null;
  readonly audio: AudioSummary | null;
  readonly tracks: readonly TrackSummary[];
  /** Whether the newest group of pictures is longer than the log: viewers start late. */
  readonly groupOverflows: boolean;
  readonly timestampFaults: PublicationDescription["timestampFaults"];
  readonly skippedMessages: PublicationDescription["skipped"];
  /** What the publisher should change, as sentences. */
  readonly advice: PublicationDescription["advice"];
  /** What viewers by some ways miss, as sentences. */
  readonly notes: readonly string[];
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
  readonly vhost: typeof VHOST;
  readonly tcUrl: string;
  /** When it was opened, in milliseconds since 1970. */
  readonly live_ms: number;
  /** Viewers and the publisher. */
  readonly clients: number;
  /** Of pictures, that were published since it was opened. */
  readonly frames: number;
  /** Of media, to viewers and from publishers, since it was opened. */
  readonly send_bytes: number;
  readonly recv_bytes: number;
  readonly kbps: Kbps;
  /** `cid` is the publisher's id among the clients; "" without one. */
  readonly publish: { readonly active: boolean; readonly cid: string };
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

/** What each answer of the API begins with, as SRS's do. */
export interface Envelope extends RunIdentity {
  readonly code: 0;
}

/** The body of `GET /api/v1/streams`. */
export interface StreamsReply extends Envelope {
  readonly gateway: {
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
