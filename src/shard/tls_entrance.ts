import { STATUS_CODE } from "@std/http/status";
import { encodeResponseHead } from "../http/response.ts";
import type { Connect, ConnectionListener } from "./net/connection_listener.ts";
import { problem } from "./http/routing/answers.ts";
import { behindProxies, type EntranceContext, proxiedPort } from "./net/proxied_connection.ts";
import { RepeatLog } from "./net/repeat_log.ts";
import { TlsConnection } from "./net/tls_connection.ts";

/** What TLS takes for a connection, between that of one that is idle and that of a viewer: measured. */
const TLS_BYTES = 96 * 1024;

/**
 * Lets a listener's protocol in over TLS as well, if there is a certificate; throws what `Deno.listen`
 * throws.
 */
export function addTlsEntrance(
  listener: ConnectionListener,
  protocol: "rtmp" | "http",
  connect: Connect,
  context: EntranceContext,
): void {
  const { settings, counters, certificate } = context;
  const { tls, host, sharesPorts, timeouts } = settings;
  if (tls === undefined || certificate === undefined) return;
  const isHttp = protocol === "http";
  const port = {
    certificate,
    // Not HTTP/2, which a browser would choose otherwise.
    alpnProtocols: isHttp ? ["http/1.1"] : [],
    plainAnswer: isHttp ? plainHttpAnswer() : undefined,
    handshakeMs: timeouts.handshakeMs,
    counters,
    repeats: new RepeatLog(),
    connect,
  };
  const source = Deno.listen({
    hostname: host,
    port: isHttp ? tls.httpsPort : tls.rtmpsPort,
    reusePort: sharesPorts,
  });
  const connectTls: Connect = (conn, nowMs, accepted) =>
    new TlsConnection(conn, port, nowMs, accepted);
  listener.addEntrance({
    source,
    connect: behindProxies(connectTls, proxiedPort(protocol, context)),
    extraBytes: TLS_BYTES,
  });
}

function plainHttpAnswer(): Uint8Array<ArrayBuffer> {
  const response = problem(STATUS_CODE.BadRequest, "This port is for https:// and wss:// only");
  const framing = { framing: "length", keepsAlive: false, date: new Date() } as const;
  const head = encodeResponseHead(response, framing);
  return Uint8Array.from([...head, ...response.body]);
}
