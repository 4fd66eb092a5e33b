import type { Logger } from "@logtape/logtape";
import { forwardedClient } from "../../http/forwarded_for.ts";
import type { RequestHead } from "../../http/request_head.ts";
import { peerText } from "../../address/address_source.ts";
import type { PeerConn } from "./connection_listener.ts";
import type { NetworkList } from "../../address/network_list.ts";

/** A connection as those see it who answer its requests: both ends, its log, and how to end it. */
export interface ConnectionAddresses extends Pick<PeerConn, "localAddr" | "remoteAddr"> {
  /** Of the connection. */
  readonly id: string;
  /** It knows the peer and the connection's id. */
  readonly log: Logger;
  /**
   * The socket's other end, which may be a proxy; `undefined` if that has said by the PROXY protocol
   * that it is one.
   */
  readonly peer: string | undefined;
  /** Whether the client was seen to go, while its request was decided on. */
  readonly hasLeft: () => boolean;
  /** The same for whoever waits: aborted once the client was seen to go. */
  readonly left: () => AbortSignal;
  /** Ends the connection at once. */
  readonly abort: (why: string) => void;
}

/** Both ends of a request: its client's may be farther away than the connection's. */
export function addressesOf(
  { headers }: RequestHead,
  connection: ConnectionAddresses,
  proxies: NetworkList,
): ConnectionAddresses {
  const { remoteAddr } = connection;
  if (!proxies.has(remoteAddr.hostname)) return connection;
  const hostname = forwardedClient(
    headers.get("x-forwarded-for"),
    remoteAddr.hostname,
    (address) => proxies.has(address),
  );
  const client = { ...remoteAddr, hostname };
  return {
    ...connection,
    remoteAddr: client,
    log: connection.log.with({ peer: peerText(client) }),
  };
}
