import { peerHolderOf } from "../net/memory_holder.ts";
import { type Connect, ConnectionListener } from "../net/connection_listener.ts";
import { HttpConnection, type HttpConnectionContext } from "./serving/connection.ts";
import type { HttpRoutes } from "./routes.ts";
import type { HttpContext } from "./routing/route_context.ts";
import type { Places } from "../net/places.ts";
import { behindProxies, proxiedPort } from "../net/proxied_connection.ts";
import { addTlsEntrance } from "../tls_entrance.ts";

/** What a connection takes that asks now and then: measured. */
const CONNECTION_BYTES = 16 * 1024;

/**
 * Listens for HTTP, and for HTTPS if there is a certificate, at once; throws what `Deno.listen` throws.
 *
 * The connections are this program's own down to the socket, and not those of `Deno.serve`, which
 * cannot be told to end a client that takes nothing or says nothing, and holds some 0.6 MB for each
 * that does not read.
 */
export function listenHttp(context: HttpContext, routes: HttpRoutes): ConnectionListener {
  const { settings, counters, memory, places, proxies } = context;
  const { host, httpPort, sharesPorts, timeouts } = settings;
  const source = Deno.listen({ hostname: host, port: httpPort, reusePort: sharesPorts });
  const answer = routes.answer.bind(routes);
  const refusal = routes.refusal.bind(routes);
  const connectionContext = { counters, memory, timeouts, answer, refusal, proxies };
  const connect: Connect = (conn, nowMs, accepted) =>
    new HttpConnection(conn, connectionContext, nowMs, accepted);
  const options = {
    protocol: "http",
    places: places.httpConnections,
    counterNames: {
      accepted: "httpConnectionsAccepted",
      refused: "httpConnectionsRefused",
      aborted: "httpConnectionsAborted",
    },
    connect: behindProxies(connect, proxiedPort("http", context)),
    memory: {
      budget: memory,
      connectionBytes: CONNECTION_BYTES,
      holderOf: (hostname: string) => peerHolderOf(memory, context.proxies, hostname),
    },
  } as const;
  const listener = new ConnectionListener(source, options, counters);
  addTlsEntrance(listener, "http", connect, context);
  addAdminEntrance(
    listener,
    {
      ...connectionContext,
      answer: routes.answerAdmin.bind(routes),
      refusal: routes.refusalAdmin.bind(routes),
    },
    settings,
    places.adminConnections,
  );
  return listener;
}

/** Lets the administrator in where only API and metrics are, if there is such a place. */
function addAdminEntrance(
  listener: ConnectionListener,
  context: HttpConnectionContext,
  { admin: { listen }, sharesPorts }: HttpContext["settings"],
  places: Places,
): void {
  if (listen === undefined) return;
  const source = Deno.listen({ hostname: listen.host, port: listen.port, reusePort: sharesPorts });
  listener.addEntrance({
    source,
    connect: (conn, nowMs, accepted) => new HttpConnection(conn, context, nowMs, accepted),
    places,
  });
}
