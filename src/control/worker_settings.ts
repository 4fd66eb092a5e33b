import { familiesOf } from "../config/address_families.ts";
import type { Config } from "../config/schema.ts";
import type { ServerCertificate } from "../config/server_certificate.ts";
import type { ShardSettings } from "../shard/shard_settings.ts";
import type { Revoked } from "../access/revoked_tokens.ts";
import { accessSettings } from "./access_settings.ts";
import type { GatewayParts } from "./gateway_parts.ts";
import { RUN_IDENTITY } from "./run_identity.ts";
import type { TranscoderPoolOptions } from "./transcoder_pool.ts";
import type { Ports } from "./ports.ts";

/** A log of Opus has room for its window so many times: what surrounds a packet counts as well. */
const OPUS_LOG_MARGIN = 2;
const MIN_OPUS_LOG_BYTES = 256 * 1024;

/** Each WebRTC viewer may try several pairs of addresses. */
const TCP_CONNECTIONS_PER_VIEWER = 2;
/** Connections that have yet to prove that they belong to a viewer. */
const TCP_STRANGERS = 64;

/** Connections where only the administrator is served: his, and those of what measures. */
const MAX_ADMIN_CONNECTIONS = 200;

/** Clients that follow the API's events: an administrator has some. */
const MAX_EVENT_FOLLOWERS = 100;

/** What a shard is told of the configuration, and of where it is to listen. */
export function shardSettings(
  config: Config,
  { version, assetHeaders, access, began, ended }: GatewayParts,
  {
    rtmpPort,
    httpPort,
    rtmpsPort,
    httpsPort,
    adminPort,
    webrtcPorts,
    webtransportPorts,
    udpFamilies,
  }: Ports,
  certificate: Pick<ServerCertificate, "certificate" | "key" | "isSelfSigned"> | undefined,
  revokedTokens: readonly Revoked[],
  shard: number,
): ShardSettings {
  const { host, shards, flushMs, log, limits, timeouts, logLevel, logFormat } = config;
  const webrtcPort = webrtcPorts[shard]!;
  return {
    version,
    identity: RUN_IDENTITY,
    startedAt: Math.round(performance.timeOrigin),
    access: accessSettings(config, access !== undefined, revokedTokens),
    asksFunction: access !== undefined,
    tellsBegins: began !== undefined,
    tellsEnds: ended !== undefined,
    host,
    rtmpPort,
    httpPort,
    tls: certificate && {
      certificate: certificate.certificate,
      key: certificate.key,
      rtmpsPort: rtmpsPort!,
      httpsPort: httpsPort!,
    },
    admin: {
      hasToken: config.adminToken !== undefined,
      corsOrigins: config.corsOrigins,
      listen: config.adminListen && { ...config.adminListen, port: adminPort! },
    },
    sharesPorts: shards > 1,
    shards,
    metrics: { token: config.metrics.token, addresses: config.metrics.addresses },
    flushMs,
    rtmpFlushMs: Math.max(flushMs, config.rtmpFlushMs),
    windowMs: log.windowMs,
    listAgeMs: config.listAgeMs,
    maxViewers: limits.viewers,
    places: placeLimits(limits),
    trustedProxies: config.trustedProxies,
    maxMessageBytes: limits.messageBytes,
    timeouts,
    unpublishNotify: config.rtmpUnpublishNotify,
    logLevel,
    logFormat,
    assetHeaders,
    webtransport: webtransportPorts && {
      port: webtransportPorts[shard]!,
      certificate: certificate?.isSelfSigned === false ? certificate : undefined,
      names: [config.host, ...config.publicIps],
    },
    webrtc: {
      udpPort: udpFamilies.ipv4 || udpFamilies.ipv6 ? webrtcPort : undefined,
      udpFamilies,
      tcpPort: webrtcPort,
      tcpFamilies: familiesOf(host),
      publicIps: config.publicIps,
      iceServers: config.iceServers,
      packetBytes: config.webrtcPacketBytes,
      feedback: config.webrtcFeedback,
      bFrames: config.webrtcBFrames,
      inexact: config.webrtcInexact,
      connectMs: timeouts.iceMs,
      consentMs: timeouts.consentMs,
    },
  };
}

function placeLimits(limits: Config["limits"]): ShardSettings["places"] {
  const { webrtcViewers, webrtcViewersPerAddress } = limits;
  return {
    httpConnections: {
      max: limits.httpConnections,
      maxPerAddress: limits.httpConnectionsPerAddress,
    },
    // Of their own: however many viewers there are, the administrator gets in.
    adminConnections: { max: MAX_ADMIN_CONNECTIONS, maxPerAddress: MAX_ADMIN_CONNECTIONS },
    listListeners: { max: limits.listListeners, maxPerAddress: limits.listListenersPerAddress },
    // Of their own: whoever follows the list, no administrator is locked out by that.
    eventFollowers: { max: MAX_EVENT_FOLLOWERS, maxPerAddress: MAX_EVENT_FOLLOWERS },
    rtmpNewcomers: { max: limits.rtmpNewcomers, maxPerAddress: limits.rtmpNewcomersPerAddress },
    rtmpPlayers: { max: limits.rtmpPlayers, maxPerAddress: limits.rtmpPlayersPerAddress },
    webrtcNewcomers: {
      max: limits.webrtcNewcomers,
      maxPerAddress: limits.webrtcNewcomersPerAddress,
    },
    whipNewcomers: { max: limits.whipNewcomers, maxPerAddress: limits.whipNewcomersPerAddress },
    webrtcViewers: { max: webrtcViewers, maxPerAddress: webrtcViewersPerAddress },
    webtransportConnections: {
      max: limits.webtransportConnections,
      maxPerAddress: limits.webtransportConnectionsPerAddress,
    },
    webrtcTcpConnections: {
      max: TCP_CONNECTIONS_PER_VIEWER * webrtcViewers + TCP_STRANGERS,
      maxPerAddress: TCP_CONNECTIONS_PER_VIEWER * webrtcViewersPerAddress + TCP_STRANGERS,
    },
  };
}

/** How Opus is made of the sound of streams. */
export function opusOptions(
  { shards, opusBitrateBps, log: { windowMs } }: Config,
): TranscoderPoolOptions {
  const bytes = OPUS_LOG_MARGIN * (opusBitrateBps / 8) * (windowMs / 1000);
  return {
    // A worker is started only when all before it have a stream.
    workers: Math.ceil(shards / 2),
    opusBitrateBps,
    windowMs,
    maxBytes: Math.max(MIN_OPUS_LOG_BYTES, Math.ceil(bytes)),
  };
}
