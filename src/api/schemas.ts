/** What the API answers, as schemas: its document is made of them, and answers are checked by them. */
import * as v from "valibot";
import { MultitrackAnswer } from "./multitrack_schema.ts";

const counts = v.record(v.string(), v.number());

const videoMembers = {
  codec: v.string(),
  profile: v.string(),
  level: v.string(),
  width: v.number(),
  height: v.number(),
  codecString: v.string(),
  frameRate: v.nullable(v.number()),
  bitrateBps: v.nullable(v.number()),
  keyFrameDistanceMs: v.nullable(v.number()),
  bFrames: v.nullable(v.boolean()),
  refreshes: v.boolean(),
};
const audioMembers = {
  codec: v.string(),
  sample_rate: v.number(),
  channel: v.number(),
  profile: v.string(),
  codecString: v.string(),
  sampleRate: v.nullable(v.number()),
  channels: v.nullable(v.number()),
  bitrateBps: v.nullable(v.number()),
};
const place = { id: v.number(), isDefault: v.boolean() };

const liveMembers = {
  app: v.string(),
  name: v.string(),
  url: v.string(),
  flvUrl: v.string(),
  state: v.picklist(["live", "waiting"]),
  uptimeMs: v.number(),
  viewers: v.number(),
  bitrateBps: v.nullable(v.number()),
  video: v.nullable(v.strictObject(videoMembers)),
  audio: v.nullable(v.strictObject(audioMembers)),
  tracks: v.array(v.union([
    v.strictObject({ kind: v.literal("video"), ...place, ...videoMembers }),
    v.strictObject({ kind: v.literal("audio"), ...place, ...audioMembers }),
  ])),
  groupOverflows: v.boolean(),
  timestampFaults: counts,
  skippedMessages: counts,
  advice: v.array(v.string()),
  notes: v.array(v.string()),
  rtmp: v.strictObject({ viewers: v.number() }),
  webrtc: v.strictObject({
    viewers: v.number(),
    bFrames: v.nullable(v.boolean()),
    exact: v.nullable(v.boolean()),
    advice: v.nullable(v.string()),
    sound: v.strictObject({ dropped: counts, advice: v.nullable(v.string()) }),
  }),
};

/** A stream as whoever may watch it is told of it. */
const LiveStream = v.strictObject(liveMembers);

const kbps = v.strictObject({ recv_30s: v.number(), send_30s: v.number() });

/** A stream as the administrator is told of it: as SRS tells, and more. */
const Stream = v.strictObject({
  id: v.string(),
  vhost: v.string(),
  tcUrl: v.string(),
  live_ms: v.number(),
  clients: v.number(),
  frames: v.number(),
  send_bytes: v.number(),
  recv_bytes: v.number(),
  kbps,
  publish: v.strictObject({ active: v.boolean(), cid: v.string() }),
  shard: v.nullable(v.number()),
  subject: v.nullable(v.string()),
  ...liveMembers,
});

const Client = v.strictObject({
  id: v.string(),
  vhost: v.string(),
  stream: v.string(),
  ip: v.string(),
  pageUrl: v.string(),
  swfUrl: v.string(),
  tcUrl: v.string(),
  url: v.string(),
  name: v.string(),
  type: v.string(),
  publish: v.boolean(),
  alive: v.number(),
  send_bytes: v.number(),
  recv_bytes: v.number(),
  kbps,
  action: v.picklist(["play", "publish"]),
  protocol: v.string(),
  path: v.string(),
  address: v.string(),
  port: v.number(),
  shard: v.number(),
  since: v.number(),
  userAgent: v.nullable(v.string()),
  decidedBy: v.string(),
  subject: v.nullable(v.string()),
  bytes: v.number(),
  lagMs: v.nullable(v.number()),
  jumps: v.number(),
  roundTripMs: v.nullable(v.number()),
  lossFraction: v.nullable(v.number()),
  packetsLost: v.nullable(v.number()),
  quality: v.nullable(v.string()),
  estimatedBps: v.nullable(v.number()),
});

const memoryUse = v.strictObject({ usedBytes: v.number(), limitBytes: v.number() });
const Gateway = v.strictObject({
  version: v.string(),
  rtmpPort: v.number(),
  uptimeMs: v.number(),
  shards: v.number(),
  shardRestarts: v.number(),
  memory: v.strictObject({
    budgetBytes: v.number(),
    uses: v.record(v.string(), memoryUse),
    logsTouchedBytes: v.number(),
  }),
});

/** What each answer begins with, as SRS's do. */
const envelope = {
  code: v.literal(0),
  server: v.string(),
  service: v.string(),
  pid: v.string(),
};
const pages = { total: v.number(), page: v.number(), pages: v.number() };

/** The bodies of answers, by the name that they have in the API's document. */
export const SCHEMAS = {
  Done: v.strictObject(envelope),
  ConfigAnswer: v.strictObject({
    ...envelope,
    revoked: v.array(v.strictObject({
      name: v.string(),
      found: v.number(),
      ended: v.number(),
      waiting: v.number(),
    })),
  }),
  MultitrackAnswer,
  /** Why not: a line of text. */
  Problem: v.pipe(v.string(), v.regex(/^[^\n]+\n$/)),
  ServerAnswer: v.strictObject({ ...envelope, gateway: Gateway, counters: counts }),
  ShardsAnswer: v.strictObject({
    ...envelope,
    shards: v.array(v.strictObject({ shard: v.number(), gauges: counts })),
  }),
  SummariesAnswer: v.strictObject({
    ...envelope,
    data: v.strictObject({
      ok: v.boolean(),
      now_ms: v.number(),
      self: v.strictObject({
        version: v.string(),
        pid: v.number(),
        ppid: v.number(),
        argv: v.string(),
        cwd: v.string(),
        mem_kbyte: v.number(),
        mem_percent: v.number(),
        cpu_percent: v.number(),
        srs_uptime: v.number(),
      }),
      system: counts,
    }),
  }),
  StreamsAnswer: v.strictObject({
    ...envelope,
    gateway: Gateway,
    counters: counts,
    ...pages,
    streams: v.array(Stream),
  }),
  StreamAnswer: v.strictObject({ ...envelope, stream: Stream }),
  ClientsAnswer: v.strictObject({ ...envelope, ...pages, clients: v.array(Client) }),
  ClientAnswer: v.strictObject({ ...envelope, client: Client }),
  LiveAnswer: v.strictObject({
    gateway: v.strictObject({
      version: v.string(),
      rtmpPort: v.number(),
      httpsPort: v.optional(v.number()),
      webtransportPort: v.optional(v.number()),
      uptimeMs: v.number(),
    }),
    ...pages,
    streams: v.array(LiveStream),
  }),
  WebtransportAnswer: v.strictObject({
    code: v.literal(0),
    /** UDP, of the thread that answers. */
    port: v.number(),
    /** Base64 of SHA-256; none of a certificate that browsers are to judge by themselves. */
    certificateHashes: v.array(v.string()),
  }),
} as const;

/** The name of a body. */
export type SchemaName = keyof typeof SCHEMAS;
