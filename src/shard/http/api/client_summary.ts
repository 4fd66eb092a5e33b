import type { AccessProtocol } from "../../../access/access.ts";
import { splitPath } from "../../../stream/stream_path.ts";
import type { ClientDescription } from "../../live/clients.ts";
import { type Kbps, VHOST } from "./stream_summary.ts";

/** Somebody who watches or publishes as the API tells of him: SRS's members, and ours. */
export interface ClientSummary extends Omit<ClientDescription, "kbps"> {
  readonly vhost: typeof VHOST;
  /** Id of its stream; "" if that is over. */
  readonly stream: string;
  readonly ip: string;
  /** Nobody is asked what page it is on. */
  readonly pageUrl: "";
  readonly swfUrl: "";
  /** What it connected to without what may be secret in it. */
  readonly tcUrl: string;
  /** Application and name of the stream behind a slash. */
  readonly url: string;
  readonly name: string;
  /** SRS's word for protocol and action: "rtmp-play", "fmle-publish". */
  readonly type: string;
  readonly publish: boolean;
  /** Seconds that it has been there. */
  readonly alive: number;
  readonly send_bytes: number;
  readonly recv_bytes: number;
  readonly kbps: Kbps;
}

/** SRS's words of protocols. */
const KINDS: Readonly<Record<AccessProtocol, string>> = {
  "rtmp": "rtmp",
  "rtmps": "rtmp",
  "http-flv": "flv",
  "ws-flv": "flv",
  "webtransport": "flv",
  "whep": "rtc",
  "whip": "rtc",
  "http": "http",
};

/**
 * What the API tells of a client.
 *
 * @param streamId of its stream, if that is still there
 * @param nowMs milliseconds since 1970
 */
export function summariseClient(
  { kbps, ...client }: ClientDescription,
  streamId: number | undefined,
  nowMs: number,
): ClientSummary {
  const { app, name } = splitPath(client.path);
  const isPublisher = client.action === "publish";
  const kind = KINDS[client.protocol];
  return {
    ...client,
    vhost: VHOST,
    stream: `${streamId ?? ""}`,
    ip: client.address,
    pageUrl: "",
    swfUrl: "",
    tcUrl: `rtmp://${VHOST}/${app}`,
    url: `/${client.path}`,
    name,
    // So SRS calls encoders that speak RTMP.
    type: isPublisher && kind === "rtmp" ? "fmle-publish" : `${kind}-${client.action}`,
    publish: isPublisher,
    alive: Math.max(0, nowMs - client.since) / 1000,
    send_bytes: isPublisher ? 0 : client.bytes,
    recv_bytes: isPublisher ? client.bytes : 0,
    kbps: { recv_30s: isPublisher ? kbps : 0, send_30s: isPublisher ? 0 : kbps },
  };
}
