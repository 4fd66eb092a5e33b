import { Http3Code } from "../../http3/http3_error.ts";
import type { AcceptedConn, ConnectionSource } from "../net/connection_listener.ts";

/** What QUIC shows, as PEM. */
export interface QuicCertificate {
  readonly certificate: string;
  /** A secret. */
  readonly key: string;
}

/** A client has its control stream, and two of QPACK (RFC 9114 6.2). */
const MAX_CLIENT_UNIDIRECTIONAL_STREAMS = 3;
/** Its request: more than one session is not served over one connection. */
const MAX_CLIENT_BIDIRECTIONAL_STREAMS = 1;

/** A connection of which nothing has come for so long is gone; what keeps it alive is sent before. */
const MAX_IDLE_MS = 15_000;
const KEEP_ALIVE_MS = 5000;

/** A QUIC connection of a client, whose handshake is still going on when it is accepted. */
export class QuicPeer implements AcceptedConn {
  readonly conn: Deno.QuicConn;
  readonly remoteAddr: Deno.NetAddr;

  constructor(conn: Deno.QuicConn) {
    this.conn = conn;
    const { hostname, port } = conn.remoteAddr;
    this.remoteAddr = { transport: "udp", hostname, port };
  }

  close(): void {
    this.conn.close({ closeCode: Http3Code.noError, reason: "" });
  }
}

/** The QUIC connections that come to one UDP port, as a listener accepts them. */
export class QuicSource implements ConnectionSource<QuicPeer> {
  readonly #endpoint: Deno.QuicEndpoint;
  /** All that there were: one that is collected as garbage would end the others' accepting. */
  readonly #listeners: Deno.QuicListener[];
  #certificate: QuicCertificate;
  #isClosed = false;

  /** Listens; throws what `Deno.QuicEndpoint` throws. */
  constructor(
    { hostname, port }: { readonly hostname: string; readonly port: number },
    certificate: QuicCertificate,
  ) {
    this.#endpoint = new Deno.QuicEndpoint({ hostname, port });
    this.#certificate = certificate;
    this.#listeners = [this.#listen(certificate)];
  }

  get port(): number {
    return this.#endpoint.addr.port;
  }

  /** New connections are shown this certificate; those that there are go on. */
  renew(certificate: QuicCertificate): void {
    const { certificate: shown, key } = this.#certificate;
    // Who listens anew accepts again, and each time costs a little that stays.
    if (this.#isClosed || (certificate.certificate === shown && certificate.key === key)) return;
    this.#certificate = certificate;
    this.#listeners.push(this.#listen(certificate));
  }

  async accept(): Promise<QuicPeer> {
    const incoming = await this.#listeners[0]!.incoming();
    if (this.#isClosed) {
      incoming.refuse();
      throw new Deno.errors.Interrupted("Cannot accept: the source is closed");
    }
    try {
      // Before its handshake: who has no place is to cost none. (Asking `incoming` for its address would
      // use it up, in Deno 2.9.)
      return new QuicPeer(incoming.accept({ zeroRtt: true }));
    } catch (cause) {
      throw new Deno.errors.ConnectionAborted("Cannot accept: its first packet is broken", {
        cause,
      });
    }
  }

  /** Accepts no more; connections go on. */
  close(): void {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.stop();
  }

  /** Ends all connections and gives the port back. */
  end(): void {
    this.#endpoint.close({ closeCode: Http3Code.noError, reason: "" });
  }

  #listen({ certificate: cert, key }: QuicCertificate): Deno.QuicListener {
    return this.#endpoint.listen({
      cert,
      key,
      alpnProtocols: ["h3"],
      maxConcurrentBidirectionalStreams: MAX_CLIENT_BIDIRECTIONAL_STREAMS,
      maxConcurrentUnidirectionalStreams: MAX_CLIENT_UNIDIRECTIONAL_STREAMS,
      maxIdleTimeout: MAX_IDLE_MS,
      keepAliveInterval: KEEP_ALIVE_MS,
    });
  }
}
