/**
 * The metrics that are told by labels, timed or measured. Labels have values from short lists alone,
 * so that nobody outside can make more series of them.
 */

import type {
  Family,
  HistogramFamily,
  MeasuredFamily,
  SeriesNameOf,
  TalliedFamily,
} from "./family.ts";

/** How somebody came, as the question to access has it. */
const ACCESS_PROTOCOLS = [
  "rtmp",
  "rtmps",
  "http-flv",
  "ws-flv",
  "whep",
  "whip",
  "webtransport",
  "http",
  "other",
] as const;

/** Why access refuses somebody: what its sources say. */
export const REFUSAL_CAUSES = [
  "no credentials",
  "wrong key",
  "unknown key",
  "key is for another action",
  "key is for another stream",
  "unknown signer",
  "URL is for another action",
  "wrong signature",
  "expired URL",
  "wrong token",
  "unknown token key",
  "expired token",
  "token is for something else",
  "wrong limits in token",
  "token keys",
  "address",
  "rule",
  "reserved application",
  "revoked",
  "hook",
  "hook failed",
  "hooks are busy",
  "hooks are not asked for lists",
  "functions are busy",
  "function takes too long",
  "too many questions",
  "a source failed",
  "unknown credentials",
  "other",
] as const;

/** What has happened, by labels that are told when it does. Only what has happened is shown. */
export const TALLIES = {
  accessDecisions: {
    name: "sluice_access_decisions_total",
    help: "Decisions about who may.",
    labels: {
      action: ["publish", "play", "api", "other"],
      protocol: ACCESS_PROTOCOLS,
      decision: ["allow", "refuse", "failed"],
    },
  },
  accessRefusals: {
    name: "sluice_access_refusals_total",
    help: "Refusals by what they are for.",
    labels: { protocol: ACCESS_PROTOCOLS, cause: REFUSAL_CAUSES },
  },
  skippedMessages: {
    name: "sluice_skipped_messages_total",
    help: "Messages of publishers that were not passed on, by reason.",
    labels: {
      kind: ["video", "audio", "metadata", "data", "other"],
      reason: [
        "empty",
        "malformed",
        "no-configuration",
        "awaiting-key-frame",
        "unsupported-codec",
        "too-many-tracks",
        "too-large",
        "redundant",
        "other",
      ],
    },
  },
  receivedPackets: {
    name: "sluice_webrtc_packets_received_total",
    help: "Packets of WebRTC publishers that were not simply taken, by what became of them.",
    labels: {
      what: [
        "repaired",
        "duplicate",
        "late",
        "unknown-source",
        "unknown-payload",
        "malformed",
        "overflow",
        "padding",
        "other",
      ],
    },
  },
  httpResponses: {
    name: "sluice_http_responses_total",
    help: "Answers to HTTP requests, by status; those to what is no request among them.",
    labels: {
      status: [
        ...["101", "200", "201", "204", "304"],
        ...[
          "400",
          "401",
          "403",
          "404",
          "405",
          "408",
          "409",
          "412",
          "413",
          "414",
          "415",
          "417",
          "422",
        ],
        ...["426", "428", "429", "431", "500", "501", "503", "505", "other"],
      ],
    },
  },
  lostSound: {
    name: "sluice_transcoding_lost_total",
    help: "Sound that was left out or became silence on its way to Opus, by reason.",
    labels: {
      reason: ["damaged", "late", "no-configuration", "malformed", "too-large", "other"],
    },
  },
} as const satisfies Readonly<Record<string, TalliedFamily>>;

const SHORT_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const WAIT_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How long things took. */
export const HISTOGRAMS = {
  joinTime: {
    name: "sluice_join_seconds",
    help: "From a viewer's request until it was sent the first media.",
    labels: { protocol: ["http-flv", "ws-flv", "webtransport", "rtmp", "whep", "other"] },
    bounds: WAIT_BOUNDS,
    of: "process",
  },
  viewerLag: {
    name: "sluice_viewer_lag_seconds",
    help: "How far viewers are behind their streams; each shard asks 50 of its own every second.",
    labels: {
      protocol: ["http-flv", "ws-flv", "webtransport", "rtmp", "rtmps", "whep", "other"],
    },
    bounds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    of: "process",
  },
  accessTime: {
    name: "sluice_access_decision_seconds",
    help: "How long decisions about who may took.",
    labels: { action: ["publish", "play", "api", "other"] },
    bounds: WAIT_BOUNDS,
    of: "process",
  },
  hookTime: {
    name: "sluice_hook_seconds",
    help: "How long requests to hooks took.",
    labels: {
      hook: ["on_publish", "on_play", "on_unpublish", "on_stop", "other"],
      outcome: ["allow", "refuse", "failed", "told"],
    },
    bounds: WAIT_BOUNDS,
    of: "process",
  },
  eventLoopDelay: {
    name: "sluice_event_loop_delay_seconds",
    help: "How late timers of a thread come, looked at ten times a second.",
    labels: {},
    bounds: SHORT_BOUNDS,
    of: "thread",
  },
} as const satisfies Readonly<Record<string, HistogramFamily>>;

/** What is measured every second. */
export const MEASURES = [
  {
    name: "sluice_thread_cpu_seconds_total",
    help: "Processor time of a thread since it was started.",
    type: "counter",
    of: "thread",
    series: { threadCpuSeconds: {} },
  },
  {
    name: "sluice_thread_heap_bytes",
    help: "JavaScript heap of a thread that is in use.",
    type: "gauge",
    of: "thread",
    series: { threadHeapBytes: {} },
  },
  {
    name: "process_cpu_seconds_total",
    help: "Processor time of the whole process.",
    type: "counter",
    of: "process",
    series: { processCpuSeconds: {} },
  },
  {
    name: "process_resident_memory_bytes",
    help: "Memory of the whole process that is in the machine's.",
    type: "gauge",
    of: "process",
    series: { processResidentBytes: {} },
  },
  {
    name: "process_start_time_seconds",
    help: "When the process was started, in seconds since 1970.",
    type: "gauge",
    of: "process",
    series: { processStartTime: {} },
  },
  {
    name: "sluice_streams",
    help: "Streams that are published, and those that wait for their publisher.",
    type: "gauge",
    of: "process",
    series: { liveStreams: { state: "live" }, waitingStreams: { state: "waiting" } },
  },
  {
    name: "sluice_shard_restarts_total",
    help: "Times that a shard died and was started again.",
    type: "counter",
    of: "process",
    series: { shardRestarts: {} },
  },
  {
    name: "sluice_transcoding_streams",
    help: "Tracks whose sound is being made into Opus.",
    type: "gauge",
    of: "process",
    series: { transcodings: {} },
  },
  {
    name: "sluice_transcoder_restarts_total",
    help: "Times that a transcoder died and was started again.",
    type: "counter",
    of: "process",
    series: { transcoderRestarts: {} },
  },
  {
    name: "sluice_tls_certificate_expiry_timestamp_seconds",
    help: "When the certificate of RTMPS and HTTPS expires, in seconds since 1970.",
    type: "gauge",
    of: "process",
    series: { certificateExpiry: {} },
  },
  {
    name: "sluice_memory_used_bytes",
    help: "What of the memory budget is in use, by what holds it.",
    type: "gauge",
    of: "process",
    series: {
      logsMemory: { use: "logs" },
      copiesMemory: { use: "copies" },
      piecesMemory: { use: "pieces" },
      messagesMemory: { use: "messages" },
      sessionsMemory: { use: "sessions" },
    },
  },
  {
    name: "sluice_memory_limit_bytes",
    help: "What of the memory budget each use may have; all together may have less.",
    type: "gauge",
    of: "process",
    series: {
      logsMemoryLimit: { use: "logs" },
      copiesMemoryLimit: { use: "copies" },
      piecesMemoryLimit: { use: "pieces" },
      messagesMemoryLimit: { use: "messages" },
      sessionsMemoryLimit: { use: "sessions" },
    },
  },
] as const satisfies readonly MeasuredFamily[];

/** What the program is: always 1, for the label. */
export const BUILD_INFO = {
  name: "sluice_build_info",
  help: "The version of Sluice.",
} as const satisfies Family;

export type MeasureName = SeriesNameOf<(typeof MEASURES)[number]>;
export type TallyName = keyof typeof TALLIES;
export type HistogramName = keyof typeof HISTOGRAMS;
