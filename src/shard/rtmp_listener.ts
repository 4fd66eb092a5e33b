import { ConnectionListener, type ConnectionSource, type PeerConn } from "./connection_listener.ts";
import type { ShardSettings } from "./messages.ts";
import { RtmpConnection } from "./rtmp_connection.ts";
import type { RtmpContext } from "./rtmp_context.ts";
import { addTlsEntrance } from "./tls_entrance.ts";

/** What a connection takes that publishes or plays, with its buffer: measured, with TLS. */
const CONNECTION_BYTES = 128 * 1024;

/**
 * Listens for RTMP, and for RTMPS if there is a certificate, at once; throws what `Deno.listen` throws.
 *
 * @param source where connections come from, by default the host and port of the settings
 */
export function listenRtmp(
  context: RtmpContext,
  source: ConnectionSource = listen(context.settings),
): ConnectionListener {
  const { settings, counters, memory } = context;
  const connect = (conn: PeerConn, nowMs: number) => new RtmpConnection(conn, context, nowMs);
  const options = {
    protocol: "rtmp",
    maxConnections: settings.maxRtmpConnections,
    maxConnectionsPerAddress: settings.maxRtmpConnectionsPerAddress,
    counterNames: {
      connections: "rtmpConnections",
      accepted: "rtmpConnectionsAccepted",
      refused: "rtmpConnectionsRefused",
      aborted: "rtmpConnectionsAborted",
    },
    connect,
    memory: { budget: memory, connectionBytes: CONNECTION_BYTES },
  } as const;
  const listener = new ConnectionListener(source, options, counters);
  addTlsEntrance(listener, "rtmp", connect, context);
  return listener;
}

function listen({ host, rtmpPort, sharesPorts }: ShardSettings): Deno.TcpListener {
  return Deno.listen({ hostname: host, port: rtmpPort, reusePort: sharesPorts });
}
