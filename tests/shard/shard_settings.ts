import type { ShardSettings } from "../../src/shard/messages.ts";

/** Settings of a shard that is tested by itself. */
export const SHARD_SETTINGS: ShardSettings = {
  version: "0",
  host: "127.0.0.1",
  rtmpPort: 0,
  httpPort: 0,
  sharesPorts: false,
  flushMs: 0,
  windowMs: 1000,
  maxViewers: 100,
  maxHttpConnections: 100,
  maxHttpConnectionsPerAddress: 100,
  maxRtmpConnections: 100,
  maxRtmpConnectionsPerAddress: 100,
  maxMessageBytes: 1 << 20,
  timeouts: {
    handshakeMs: 10_000,
    publishMs: 10_000,
    firstFrameMs: 10_000,
    idleMs: 10_000,
    httpRequestMs: 10_000,
    httpIdleMs: 10_000,
    stallMs: 10_000,
    trackSettleMs: 1000,
  },
  logLevel: "warning",
  logFormat: "text",
  contentSecurityPolicy: "",
};
