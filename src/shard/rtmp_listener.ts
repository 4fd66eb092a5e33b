import { ConnectionListener, type ConnectionSource } from "./connection_listener.ts";
import type { ShardSettings } from "./messages.ts";
import { RtmpConnection } from "./rtmp_connection.ts";
import type { RtmpContext } from "./rtmp_context.ts";

/**
 * Listens for RTMP at once; throws what `Deno.listen` throws.
 *
 * @param source where connections come from, by default the host and port of the settings
 */
export function listenRtmp(
  context: RtmpContext,
  source: ConnectionSource = listen(context.settings),
): ConnectionListener {
  const { settings, counters } = context;
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
    connect: (conn: Deno.TcpConn, nowMs: number) => new RtmpConnection(conn, context, nowMs),
  } as const;
  return new ConnectionListener(source, options, counters);
}

function listen({ host, rtmpPort, sharesPorts }: ShardSettings): Deno.TcpListener {
  return Deno.listen({ hostname: host, port: rtmpPort, reusePort: sharesPorts });
}
