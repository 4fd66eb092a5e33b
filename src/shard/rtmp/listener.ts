import { peerHolderOf } from "../net/memory_holder.ts";
import {
  type Connect,
  ConnectionListener,
  type ConnectionSource,
} from "../net/connection_listener.ts";
import type { ShardSettings } from "../shard_settings.ts";
import { behindProxies, proxiedPort } from "../net/proxied_connection.ts";
import { RtmpConnection } from "./connection.ts";
import type { RtmpContext } from "./context.ts";
import { addTlsEntrance } from "../tls_entrance.ts";

/** What a connection takes that publishes or plays, with its buffer: measured. */
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
  const { counters, memory, places } = context;
  const connect: Connect = (conn, nowMs, accepted) =>
    new RtmpConnection(conn, context, nowMs, accepted);
  const options = {
    protocol: "rtmp",
    places: places.rtmpNewcomers,
    counterNames: {
      connections: "rtmpConnections",
      accepted: "rtmpConnectionsAccepted",
      refused: "rtmpConnectionsRefused",
      aborted: "rtmpConnectionsAborted",
    },
    connect: behindProxies(connect, proxiedPort("rtmp", context)),
    memory: {
      budget: memory,
      connectionBytes: CONNECTION_BYTES,
      holderOf: (hostname: string) => peerHolderOf(memory, context.proxies, hostname),
    },
  } as const;
  const listener = new ConnectionListener(source, options, counters);
  addTlsEntrance(listener, "rtmp", connect, context);
  return listener;
}

function listen({ host, rtmpPort, sharesPorts }: ShardSettings): Deno.TcpListener {
  return Deno.listen({ hostname: host, port: rtmpPort, reusePort: sharesPorts });
}
