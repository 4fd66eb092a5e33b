/** What the API answers, as schemas: its document is made of them, and answers are checked by them. */
import * as v from "valibot";

const nullable = <const Schema extends v.GenericSchema>(schema: Schema) => v.nullable(schema);
const counts = v.record(v.string(), v.number());

const videoMembers = {
  codec: v.string(),
  width: nullable(v.number()),
  height: nullable(v.number()),
  frameRate: nullable(v.number()),
  bitrateBps: nullable(v.number()),
  keyFrameDistanceMs: nullable(v.number()),
  bFrames: nullable(v.boolean()),
  refreshes: v.boolean(),
};
const audioMembers = {
  codec: v.string(),
  sampleRate: nullable(v.number()),
  channels: nullable(v.number()),
  bitrateBps: nullable(v.number()),
};
const place = { id: v.number(), isDefault: v.boolean() };

const liveMembers = {
  app: v.string(),
  name: v.string(),
  url: v.string(),
  state: v.picklist(["live", "waiting"]),
  uptimeMs: v.number(),
  viewers: v.number(),
  bitrateBps: nullable(v.number()),
  video: nullable(v.strictObject(videoMembers)),
  audio: nullable(v.strictObject(audioMembers)),
  tracks: v.array(v.union([
    v.strictObject({ kind: v.literal("video"), ...place, ...videoMembers }),
    v.strictObject({ kind: v.literal("audio"), ...place, ...audioMembers }),
  ])),
  groupOverflows: v.boolean(),
  timestampFaults: counts,
  skippedMessages: counts,
  advice: v.array(v.string()),
  rtmp: v.strictObject({ viewers: v.number() }),
  webrtc: v.strictObject({
    viewers: v.number(),
    bFrames: nullable(v.boolean()),
    exact: nullable(v.boolean()),
    advice: nullable(v.string()),
    sound: v.strictObject({ dropped: counts, advice: nullable(v.string()) }),
  }),
};

/** A stream as whoever may watch it is told of it. */
const LiveStream = v.strictObject(liveMembers);

/** A stream as the administrator is told of it; members with an underscore are as of SRS. */
const Stream = v.strictObject({
  id: v.string(),
  vhost: v.string(),
  live_ms: v.number(),
  clients: v.number(),
  kbps: v.strictObject({ recv_30s: v.number(), send_30s: v.number() }),
  publish: v.strictObject({ active: v.boolean(), cid: nullable(v.string()) }),
  shard: nullable(v.number()),
  subject: nullable(v.string()),
  ...liveMembers,
});

const Client = v.strictObject({
  id: v.string(),
  action: v.picklist(["play", "publish"]),
  protocol: v.string(),
  path: v.string(),
  address: v.string(),
  port: v.number(),
  shard: v.number(),
  since: v.number(),
  userAgent: nullable(v.string()),
  decidedBy: v.string(),
  subject: nullable(v.string()),
  bytes: v.number(),
  lagMs: nullable(v.number()),
  jumps: v.number(),
  roundTripMs: nullable(v.number()),
  lossFraction: nullable(v.number()),
  packetsLost: nullable(v.number()),
});

const memoryUse = v.strictObject({ usedBytes: v.number(), limitBytes: v.number() });
const Server = v.strictObject({
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

const code = { code: v.literal(0) };
const pages = { total: v.number(), page: v.number(), pages: v.number() };

/** The bodies of answers, by the name that they have in the API's document. */
export const SCHEMAS = {
  Done: v.strictObject(code),
  ServerAnswer: v.strictObject({ ...code, server: Server, counters: counts }),
  ShardsAnswer: v.strictObject({
    ...code,
    shards: v.array(v.strictObject({ shard: v.number(), ...{ gauges: counts } })),
  }),
  SummariesAnswer: v.strictObject({
    ...code,
    data: v.strictObject({
      ok: v.boolean(),
      now_ms: v.number(),
      self: v.strictObject({
        version: v.string(),
        mem_kbyte: v.number(),
        srs_uptime: v.number(),
      }),
      system: v.strictObject({ conn_srs: v.number() }),
    }),
  }),
  StreamsAnswer: v.strictObject({
    ...code,
    server: Server,
    counters: counts,
    ...pages,
    streams: v.array(Stream),
  }),
  StreamAnswer: v.strictObject({ ...code, stream: Stream }),
  ClientsAnswer: v.strictObject({ ...code, ...pages, clients: v.array(Client) }),
  ClientAnswer: v.strictObject({ ...code, client: Client }),
  LiveAnswer: v.strictObject({
    server: v.strictObject({ version: v.string(), rtmpPort: v.number(), uptimeMs: v.number() }),
    ...pages,
    streams: v.array(LiveStream),
  }),
} as const;

/** The name of a body. */
export type SchemaName = keyof typeof SCHEMAS;
