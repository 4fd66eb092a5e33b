import type { Logger } from "@logtape/logtape";
import { forwardedClient } from "../../http/forwarded_for.ts";
import type { HttpRequest } from "../../http/request_reader.ts";
import { peerText } from "../../address/address_source.ts";
import type { PeerConn } from "./connection_listener.ts";
import type { NetworkList } from "../../address/network_list.ts";

/** Both ends of a connection, and its log. */
export interface ConnectionAddresses extends Pick<PeerConn, "localAddr" | "remoteAddr"> {
  /** It knows the peer and the connection's id. */
  readonly log: Logger;
  /**
   * The socket's other end, which may be a proxy; `undefined` if that has said by the PROXY protocol
   * that it is one.
   */
  readonly peer: string | undefined;
}

/** Both ends of a request: its client's may be farther away than the connection's. */
export function addressesOf(
  { headers }: HttpRequest,
  connection: ConnectionAddresses,
  proxies: NetworkList,
): ConnectionAddresses {
  const { localAddr, remoteAddr, peer } = connection;
  if (!proxies.has(remoteAddr.hostname)) return connection;
  const hostname = forwardedClient(
    headers.get("x-forwarded-for"),
    remoteAddr.hostname,
    (address) => proxies.has(address),
  );
  const client = { ...remoteAddr, hostname };
  const log = connection.log.with({ peer: peerText(client) });
  return { localAddr, remoteAddr: client, log, peer };
}
