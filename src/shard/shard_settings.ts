import type { AccessSettings } from "../access/settings.ts";
import type { Counted } from "./net/address_counts.ts";

/** Kinds of addresses, from which a port is reached. */
export interface ReachedFamilies {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** A STUN or TURN server that clients are told of. */
export interface IceServer {
  readonly url: string;
  readonly username?: string | undefined;
  /** A secret: it is to be in no log. */
  readonly credential?: string | undefined;
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
  readonly iceServers: readonly IceServer[];
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

/** What a shard needs to know for WebTransport; its port is its own. */
export interface WebtransportSettings {
  readonly port: number;
  /** What clients are shown; `undefined` for one that is made here, and lasts for some days. */
  readonly certificate: Pick<TlsSettings, "certificate" | "key"> | undefined;
  /** What clients may call this machine: for that one. */
  readonly names: readonly string[];
}

/** Who may use the API, and from which pages. */
export interface AdminSettings {
  /** Whether there is a token of the API; the access knows it. */
  readonly hasToken: boolean;
  /** Origins of pages; "*" for all, which are not enough for the API. */
  readonly corsOrigins: readonly string[];
  /** Where API and metrics are served instead of the HTTP port. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
}

/** By what answers of the API name the process. */
export interface RunIdentity {
  readonly server: string;
  readonly service: string;
  readonly pid: string;
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
  readonly identity: RunIdentity;
  /** When the server was started, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly access: AccessSettings;
  /** Whether the program that the gateway is embedded in decides as well. */
  readonly asksFunction: boolean;
  /** Whether it is told of who is let in. */
  readonly tellsBegins: boolean;
  /** Whether it is told of sessions that are over. */
  readonly tellsEnds: boolean;
  readonly host: string;
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** `undefined` if there is no certificate: then nothing listens for TLS. */
  readonly tls: TlsSettings | undefined;
  readonly admin: AdminSettings;
  /** Whether other shards listen on the same ports. */
  readonly sharesPorts: boolean;
  /** Shards that there are. */
  readonly shards: number;
  /** Who may read the metrics, beside those who may use the API. */
  readonly metrics: {
    /** A secret: it is to be in no log. */
    readonly token: string | undefined;
    readonly addresses: readonly string[];
  };
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
  /** What is sent with each file of the console. */
  readonly assetHeaders: Readonly<Record<string, string>>;
  /** `undefined` if there is none. */
  readonly webtransport: WebtransportSettings | undefined;
  readonly webrtc: WebrtcSettings;
}
