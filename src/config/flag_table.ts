/** A flag that sets a member of the configuration. */
export interface Flag {
  /** The member. */
  readonly key: string;
  /** How its value is read; a list may be repeated. */
  readonly value: "text" | "number" | "bits" | "list";
  readonly placeholder: string;
  readonly help: string;
}

/** The flags of the configuration by name, in the order that `--help` lists them. */
export const FLAGS: Readonly<Record<string, Flag>> = {
  "host": {
    key: "host",
    value: "text",
    placeholder: "ADDRESS",
    help: "address to listen on (default 0.0.0.0)",
  },
  "rtmp-port": {
    key: "rtmpPort",
    value: "number",
    placeholder: "PORT",
    help: "RTMP, for publishers and players (default 1935)",
  },
  "http-port": {
    key: "httpPort",
    value: "number",
    placeholder: "PORT",
    help: "page, API, HTTP-FLV, WebSocket-FLV, WHEP and WHIP (default 8080)",
  },
  "tls": {
    key: "tls",
    value: "text",
    placeholder: "HOW",
    help: "self-signed: serve TLS with a certificate made at start, for trying out",
  },
  "rtmps-port": {
    key: "rtmpsPort",
    value: "number",
    placeholder: "PORT",
    help: "RTMP over TLS, if there is a certificate (default 1936)",
  },
  "https-port": {
    key: "httpsPort",
    value: "number",
    placeholder: "PORT",
    help: "HTTP and WebSocket over TLS, likewise (default 8443)",
  },
  "webrtc-port": {
    key: "webrtcPort",
    value: "number",
    placeholder: "PORT",
    help: "WebRTC over UDP and TCP, one port up for each further shard (default 8000)",
  },
  "webtransport-port": {
    key: "webtransportPort",
    value: "number",
    placeholder: "PORT",
    help: "WebTransport over UDP, one port up for each further shard (default 4433)",
  },
  "webtransport": {
    key: "webtransport",
    value: "text",
    placeholder: "HOW",
    help: "on, where its ports are permitted, or off (default on)",
  },
  "public-ip": {
    key: "publicIps",
    value: "list",
    placeholder: "ADDRESS",
    help: "address to announce for WebRTC, behind NAT or in Docker; may be repeated",
  },
  "trusted-proxies": {
    key: "trustedProxies",
    value: "list",
    placeholder: "NETWORK",
    help: "proxy whose X-Forwarded-For and PROXY protocol count; may be repeated",
  },
  "admin-listen": {
    key: "adminListen",
    value: "text",
    placeholder: "ADDRESS:PORT",
    help: "serve API and metrics there, and not on the HTTP port",
  },
  "opus-bitrate": {
    key: "opusBitrateBps",
    value: "bits",
    placeholder: "BITS",
    help: "sound over WebRTC, per second, 32k to 510k (default 128k)",
  },
  "webrtc-packet-size": {
    key: "webrtcPacketBytes",
    value: "number",
    placeholder: "BYTES",
    help: "datagrams of WebRTC media, 548 to 1472 (default 1350)",
  },
  "webrtc-feedback": {
    key: "webrtcFeedback",
    value: "text",
    placeholder: "KIND",
    help: "WebRTC viewers tell of their network by remb or twcc (default remb)",
  },
  "webrtc-bframes": {
    key: "webrtcBFrames",
    value: "text",
    placeholder: "HOW",
    help: "for WebRTC: drop B-frames or refuse such streams (default drop)",
  },
  "webrtc-inexact": {
    key: "webrtcInexact",
    value: "text",
    placeholder: "HOW",
    help: "for WebRTC: show or refuse streams that this damages (default show)",
  },
  "shards": {
    key: "shards",
    value: "number",
    placeholder: "N",
    help: "threads for media (default: one for each core on Linux, 1 elsewhere)",
  },
  "memory": {
    key: "memory",
    value: "text",
    placeholder: "SIZE",
    help: "for streams, viewers and connections in all (default 1GiB)",
  },
  "flush-ms": {
    key: "flushMs",
    value: "number",
    placeholder: "MS",
    help: "least time between two writes to a viewer (default 0: each video frame)",
  },
  "grace-period-ms": {
    key: "gracePeriodMs",
    value: "number",
    placeholder: "MS",
    help: "how long viewers wait for a publisher to come back (default 15000)",
  },
  "drain-seconds": {
    key: "drainSeconds",
    value: "number",
    placeholder: "SECONDS",
    help: "how long viewers go on watching after SIGTERM (default 8; SIGINT ends at once)",
  },
  "log-level": {
    key: "logLevel",
    value: "text",
    placeholder: "LEVEL",
    help: "debug, info, warning or error (default info)",
  },
  "log-format": {
    key: "logFormat",
    value: "text",
    placeholder: "FORMAT",
    help: "text or json (default text)",
  },
};
