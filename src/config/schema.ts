import * as v from "valibot";
import { inspectCertificate } from "../tls/certificate.ts";
import { TlsError } from "../tls/tls_error.ts";
import { ACCESS_MEMBERS } from "./access_members.ts";
import { familiesOf } from "./address_families.ts";
import { ADMIN_MEMBERS, secretToken } from "./admin_members.ts";
import { ConfigError } from "./config_error.ts";
import { flagOf } from "./flags.ts";
import { iceServers } from "./ice_members.ts";
import { count, HOUR_MS, ipAddress, network, section } from "./member_kinds.ts";
import { type KnownSettings, unknownSettings } from "./unknown_settings.ts";

const MAX_SHARDS = 64;
const MAX_PORT = 65_535;

/** Addresses that an answer lists: a viewer tries each of them. */
const MAX_PUBLIC_IPS = 16;

/** Networks that each connection's address is looked up in. */
const MAX_TRUSTED_PROXIES = 64;

const MAX_METRICS_ADDRESSES = 64;

/** What every link carries (RFC 791), and what Ethernet does, less the headers of IPv4 and UDP. */
const MIN_PACKET_BYTES = 548;
const MAX_PACKET_BYTES = 1472;

/** What a log's index holds for sure: 8192 records are 100 s of video at 30 fps with its audio. */
const MAX_WINDOW_MS = 60_000;

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_PORT));
const milliseconds = (min: number, max = HOUR_MS) => count(min, max);

/** Below this, hardly a stream has room. */
const MIN_MEMORY_BYTES = 64 * 1024 * 1024;
const MAX_MEMORY_BYTES = 1024 ** 4;
const BYTES_OF_UNIT = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;
const EXPECTED_SIZE = (received: string) =>
  `Invalid size: Expected bytes, or such as 512MiB or 2GiB, but received ${received}`;

function mib(bytes: number): string {
  return `${bytes / 1024 ** 2}MiB`;
}

/** Bytes, as a number or with a unit of 1024: "1GiB", "512M". */
const size = v.pipe(
  v.union([
    v.number(),
    v.pipe(
      v.string(),
      v.regex(/^\d{1,15}\s*([kmg](i?b)?)?$/i, ({ received }) => EXPECTED_SIZE(received)),
      v.transform((text) => {
        const unit = (/[kmg]/i.exec(text)?.[0] ?? "").toLowerCase();
        return parseInt(text) * BYTES_OF_UNIT[unit as keyof typeof BYTES_OF_UNIT];
      }),
    ),
  ], ({ received }) => EXPECTED_SIZE(received)),
  v.integer(),
  v.minValue(
    MIN_MEMORY_BYTES,
    ({ received }) =>
      `Invalid size: Expected ${mib(MIN_MEMORY_BYTES)} or more, but received ${received}`,
  ),
  v.maxValue(
    MAX_MEMORY_BYTES,
    ({ received }) =>
      `Invalid size: Expected ${mib(MAX_MEMORY_BYTES)} or less, but received ${received}`,
  ),
);

const log = section({
  /**
   * Bytes of media a stream may hold at most: it must hold one group of pictures. No more than a
   * quarter of the memory.
   */
  maxBytes: v.optional(count(256 * 1024, 1 << 30), 32 * 1024 * 1024),
  /** How far a viewer may lag before it jumps to the newest key frame. */
  windowMs: v.optional(milliseconds(500, MAX_WINDOW_MS), 10_000),
});

/**
 * What there may be of each thing, over all shards, and what one address or IPv6 network (/64) may
 * have of it. All together stay below 20,000 descriptors of sockets.
 */
const limits = section({
  /** Streams, those among them that wait for their publisher: these give way to new ones. */
  streams: v.optional(count(1, 100_000), 1000),
  streamsPerAddress: v.optional(count(1, 100_000), 100),
  /** Viewers in all, those over WebRTC among them. */
  viewers: v.optional(count(0, 1_000_000), 10_000),
  /** HTTP connections, those of viewers and idle ones among them: these give way to new ones. */
  httpConnections: v.optional(count(1, 1_000_000), 10_000),
  httpConnectionsPerAddress: v.optional(count(1, 1_000_000), 1000),
  /** RTMP connections that neither publish nor play, or not yet: the oldest give way to new ones. */
  rtmpNewcomers: v.optional(count(1, 100_000), 500),
  rtmpNewcomersPerAddress: v.optional(count(1, 100_000), 50),
  /** Streams that are played over RTMP; publishers are limited by their streams. */
  rtmpPlayers: v.optional(count(0, 100_000), 2000),
  rtmpPlayersPerAddress: v.optional(count(1, 100_000), 200),
  /** Bytes of one RTMP message, a video frame for example. */
  messageBytes: v.optional(count(4096, 0xffffff), 8 * 1024 * 1024),
  /** WebRTC viewers in all, those that are still connecting included. */
  webrtcViewers: v.optional(count(0, 1_000_000), 2000),
  webrtcViewersPerAddress: v.optional(count(1, 1_000_000), 200),
  /** WebRTC viewers that have an answer and are not connected: the oldest give way to new ones. */
  webrtcNewcomers: v.optional(count(1, 1_000_000), 1000),
  webrtcNewcomersPerAddress: v.optional(count(1, 1_000_000), 100),
  /** WebRTC publishers that have an answer and are not connected: the oldest give way to new ones. */
  whipNewcomers: v.optional(count(1, 100_000), 100),
  whipNewcomersPerAddress: v.optional(count(1, 100_000), 10),
  /** WebTransport connections, those of viewers and of others: these give way to new ones. */
  webtransportConnections: v.optional(count(1, 1_000_000), 2000),
  webtransportConnectionsPerAddress: v.optional(count(1, 1_000_000), 50),
  /** Clients that follow a list, or the events of the API. */
  listListeners: v.optional(count(0, 1_000_000), 1000),
  listListenersPerAddress: v.optional(count(1, 1_000_000), 20),
});

const timeouts = section({
  /** From a connection to its connect command, behind the handshake. */
  handshakeMs: v.optional(milliseconds(100), 10_000),
  /** From the connect command to a publish command. */
  publishMs: v.optional(milliseconds(100), 30_000),
  /** From a publish command to the first frame that can be shown or heard. */
  firstFrameMs: v.optional(milliseconds(100), 15_000),
  /**
   * Silence of a publisher until it is pinged, and from then until it is ended: an encoder that lost
   * its network must be able to come back, and one whose picture does not change sends little.
   */
  idleMs: v.optional(milliseconds(1000), 10_000),
  /** For a whole HTTP request, from its first byte. */
  httpRequestMs: v.optional(milliseconds(100), 10_000),
  /** How long an HTTP connection may be without a request. */
  httpIdleMs: v.optional(milliseconds(100), 60_000),
  /** How long a viewer may take nothing before it is ended. */
  stallMs: v.optional(milliseconds(1000), 60_000),
  /** How long an RTMP player waits for a stream that is not there. */
  playWaitMs: v.optional(milliseconds(0), 5000),
  /** How long a stream waits for its second track before it counts as having one. */
  trackSettleMs: v.optional(milliseconds(0), 1000),
  /** From the answer to a WebRTC viewer's offer until media can be sent to it. */
  iceMs: v.optional(milliseconds(1000), 15_000),
  /** How long a WebRTC viewer may not be heard of (RFC 7675): browsers ask every few seconds. */
  consentMs: v.optional(milliseconds(1000), 30_000),
});

/** Who may read the metrics, beside those who may use the API. */
const metrics = section({
  token: v.optional(secretToken),
  addresses: v.optional(v.pipe(v.array(network), v.maxLength(MAX_METRICS_ADDRESSES)), () => []),
});

/** What is given for a certificate is in no message: it may be a key in the wrong place. */
const EXPECTED_TLS =
  'Invalid type: Expected "self-signed", or an object with certificate and key as PEM text';
const pem = v.string("Invalid type: Expected PEM text");
const certificatePair = v.pipe(
  v.strictObject({ certificate: pem, key: pem }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      inspectCertificate(dataset.value);
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      addIssue({ message: `Invalid value: ${error.message}` });
    }
  }),
);
const selfSigned = v.literal("self-signed", EXPECTED_TLS);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What may be given, before defaults: schemas for editors are made of it. */
export const CONFIG_MEMBERS = v.strictObject({
  host: v.optional(ipAddress, "0.0.0.0"),
  rtmpPort: v.optional(port, 1935),
  httpPort: v.optional(port, 8080),
  /** RTMP over TLS, and HTTP and WebSocket over TLS: only if there is a certificate. */
  rtmpsPort: v.optional(port, 1936),
  httpsPort: v.optional(port, 8443),
  /** The certificate, with those that vouch for it behind it, and its key; or one made at start. */
  tls: v.optional(v.lazy((given) => isRecord(given) ? certificatePair : selfSigned)),
  /** Port of the first shard; each further shard has the next one. */
  webrtcPort: v.optional(port, 8000),
  /** WebTransport, by UDP: port of the first shard; each further shard has the next one. */
  webtransportPort: v.optional(port, 4433),
  /** Whether there is WebTransport: only if its ports are permitted. */
  webtransport: v.optional(v.picklist(["on", "off"]), "on"),
  /** Addresses that WebRTC viewers are told; if there are none, the one that they ask at. */
  publicIps: v.optional(v.pipe(v.array(ipAddress), v.maxLength(MAX_PUBLIC_IPS)), () => []),
  /** STUN and TURN servers that WebRTC clients are told of: most need none. */
  iceServers,
  /** Proxies that are believed when they say whom they serve, as addresses or networks. */
  trustedProxies: v.optional(v.pipe(v.array(network), v.maxLength(MAX_TRUSTED_PROXIES)), () => []),
  /** Who may publish and play; without any of it, everybody. */
  access: section(ACCESS_MEMBERS),
  ...ADMIN_MEMBERS,
  /**
   * A publisher of a stream that is published already: refused, or it ends the other one, or only if
   * both have the same key or token. One that is silent for some seconds always gives way.
   */
  secondPublisher: v.optional(v.picklist(["refuse", "takeOver", "takeOverSame"]), "refuse"),
  /** Bits per second of the Opus that AAC is made into for WebRTC. */
  opusBitrateBps: v.optional(count(32_000, 510_000), 128_000),
  /** Bytes of a datagram of WebRTC media, at most: what UDP carries, without its headers. */
  webrtcPacketBytes: v.optional(count(MIN_PACKET_BYTES, MAX_PACKET_BYTES), 1350),
  /** How WebRTC viewers tell what they can receive: a bitrate, or when each packet came. */
  webrtcFeedback: v.optional(v.picklist(["remb", "twcc"]), "remb"),
  /** Whether WebRTC leaves B-frames out, which browsers cannot show, or refuses such streams. */
  webrtcBFrames: v.optional(v.picklist(["drop", "refuse"]), "drop"),
  /** The same for streams whose other pictures need the B-frames that are left out. */
  webrtcInexact: v.optional(v.picklist(["show", "refuse"]), "show"),
  shards: v.optional(count(1, MAX_SHARDS)),
  /**
   * Least time between two writes to a viewer; 0 writes at each video frame. At most half of the
   * log's window: between two writes, what is not written yet must not leave the log.
   */
  flushMs: v.optional(milliseconds(0, 10_000), 0),
  /**
   * The same for RTMP players if it is more than `flushMs`: they buffer far more than that, and a
   * write costs what many bytes do.
   */
  rtmpFlushMs: v.optional(milliseconds(0, 250), 120),
  /** How long a stream outlives its publisher, which may come back meanwhile. */
  gracePeriodMs: v.optional(milliseconds(0), 15_000),
  /**
   * How long viewers may go on watching when the gateway is asked to end, and publishers have to
   * connect elsewhere. Docker ends for good what takes longer than ten seconds.
   */
  drainSeconds: v.optional(count(0, 3600), 8),
  /** How old the list of streams may be that is given out: it is made for all who ask meanwhile. */
  listAgeMs: v.optional(milliseconds(0, 10_000), 500),
  /**
   * When RTMP players are told NetStream.Play.UnpublishNotify: when the publisher leaves, or when it
   * has not come back. ffmpeg, rtmpdump and VLC end at it.
   */
  rtmpUnpublishNotify: v.optional(v.picklist(["leave", "end"]), "end"),
  /** What streams, viewers and connections may take, beside the engine's own: see docs/settings.md. */
  memory: v.optional(size, 1024 ** 3),
  log,
  limits,
  timeouts,
  metrics,
  logLevel: v.optional(v.picklist(["debug", "info", "warning", "error"]), "info"),
  logFormat: v.optional(v.picklist(["text", "json"]), "text"),
});

/** What is in `tls` is told apart from its text only when it is judged. */
const KNOWN_SETTINGS: KnownSettings = {
  ...knownIn(CONFIG_MEMBERS.entries),
  tls: { certificate: undefined, key: undefined },
};

const schema = v.pipe(
  CONFIG_MEMBERS,
  v.forward(
    v.partialCheck(
      [["flushMs"], ["log", "windowMs"]],
      ({ flushMs, log }) => flushMs <= log.windowMs / 2,
      ({ input: { flushMs, log } }) =>
        `Invalid value: Expected at most half of log.windowMs, which is ${log.windowMs}, ` +
        `but received ${flushMs}`,
    ),
    ["flushMs"],
  ),
);

/** A complete configuration: what was not given has its default. */
export type Config = v.InferOutput<typeof schema> & { readonly shards: number };

/**
 * A complete configuration from what was given.
 *
 * @param given flags or parsed JSON, of any shape
 * @param defaultShards threads for media where the number is not given
 * @throws {ConfigError} naming each wrong member, its value and what was expected
 *
 * @example
 * ```ts
 * import { parseConfig } from "./schema.ts";
 *
 * const config = parseConfig({ httpPort: 9090, log: { windowMs: 5000 } }, 2);
 * config.rtmpPort; // 1935
 * config.log.windowMs; // 5000
 * ```
 */
export function parseConfig(given: unknown, defaultShards: number): Config {
  const unknown = isRecord(given) ? unknownSettings(given, KNOWN_SETTINGS) : [];
  const result = v.safeParse(schema, given);
  if (!result.success) {
    const reasons = result.issues.filter((issue) => !isUnknownName(issue))
      .map((issue) => `${nameOf(issue)}: ${issue.message}`);
    const all = [...unknown, ...reasons].join("; ").replaceAll("?; ", "? ");
    throw new ConfigError(`Cannot use the configuration: ${all}`);
  }
  const config = {
    ...result.output,
    shards: result.output.shards ?? Math.min(defaultShards, MAX_SHARDS),
  };
  for (const key of ["webrtcPort", "webtransportPort"] as const) requireRoom(config, key);
  checkPublicIps(config);
  return config;
}

/** Each shard has a port of its own. */
function requireRoom(
  { shards, ...config }: Config,
  key: "webrtcPort" | "webtransportPort",
): void {
  if (config[key] + shards - 1 <= MAX_PORT) return;
  throw new ConfigError(
    `Cannot use the configuration: ${key} (${flagOf(key)}): Invalid value: Expected ` +
      `<=${MAX_PORT - shards + 1}, with a port for each of ${shards} shards, but received ` +
      `${config[key]}`,
  );
}

/** An address of a kind that is not listened on would be announced in vain. */
function checkPublicIps({ host, publicIps }: Config): void {
  const { ipv4, ipv6 } = familiesOf(host);
  const wrong = publicIps.find((address) => address.includes(":") ? !ipv6 : !ipv4);
  if (wrong === undefined) return;
  throw new ConfigError(
    `Cannot use the configuration: publicIps (--public-ip): Invalid IP: Expected ${
      ipv4 ? "IPv4" : "IPv6"
    }, as host ${host} takes no other (--host :: takes both), but received ${wrong}`,
  );
}

interface Section {
  readonly entries?: v.ObjectEntries;
}

/** The names in a section, with those in the sections within; of a list, those of each of it. */
function knownIn(entries: v.ObjectEntries): KnownSettings {
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => {
      const { wrapped } = entry as { readonly wrapped?: Section & { readonly item?: Section } };
      const within = wrapped?.entries ?? wrapped?.item?.entries;
      return [name, within && knownIn(within)];
    }),
  );
}

/** Whether an issue is that a name is none of a setting, of which all are told beside. */
function isUnknownName({ type, expected }: v.InferIssue<typeof schema>): boolean {
  return type === "strict_object" && expected === "never";
}

/** The member that an issue is about, with its flag if it has one: "httpPort (--http-port)". */
function nameOf(issue: v.InferIssue<typeof schema>): string {
  const path = v.getDotPath(issue);
  if (path === null) return "configuration";
  const flag = flagOf(path.split(".")[0]!);
  return flag === undefined ? path : `${path} (${flag})`;
}
