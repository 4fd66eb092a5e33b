import type { SlowWriter } from "./slow_writers.ts";
import { ProxyError } from "../../proxy/proxy_error.ts";
import { type ProxyHeader, ProxyHeaderReader } from "../../proxy/proxy_header.ts";
import { peerText } from "../../address/address_source.ts";
import {
  type Accepted,
  closeQuietly,
  type Connect,
  type Connection,
  type PeerConn,
} from "./connection_listener.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { ShardSettings } from "../shard_settings.ts";
import type { ServingCertificate } from "./serving_certificate.ts";
import { RepeatLog } from "./repeat_log.ts";
import type { NetworkList } from "../../address/network_list.ts";

/** Most headers come in one packet, with the begin of what is behind. */
const READ_BUFFER_SIZE = 2048;

/** What the connections of one port have in common. */
export interface ProxiedPort {
  /** The protocol behind the header, by its category in logs. */
  readonly protocol: "rtmp" | "http";
  readonly proxies: NetworkList;
  /** From the accept to the end of the header. */
  readonly headerMs: number;
  readonly counters: Counters;
}

/** What a port needs of its shard. */
export interface EntranceContext {
  readonly settings: ShardSettings;
  /** `undefined` if there is none. */
  readonly certificate?: ServingCertificate | undefined;
  readonly counters: Counters;
  readonly proxies: NetworkList;
}

/** A port of a protocol, TLS or not: a header comes before anything else. */
export function proxiedPort(
  protocol: ProxiedPort["protocol"],
  { settings, counters, proxies }: EntranceContext,
): ProxiedPort {
  return { protocol, proxies, headerMs: settings.timeouts.handshakeMs, counters };
}

/**
 * Makes connections as `connect` does; those from trusted proxies may begin with a header of the PROXY
 * protocol, and are its client's then.
 */
export function behindProxies(connect: Connect, port: ProxiedPort): Connect {
  const repeats = new RepeatLog();
  return (conn, nowMs, accepted) =>
    port.proxies.has(conn.remoteAddr.hostname)
      ? new ProxiedConnection(conn, { ...port, connect, repeats }, nowMs, accepted)
      : connect(conn, nowMs, accepted);
}

/** What a connection begins with, and what came with it. */
interface Begin {
  readonly header: ProxyHeader;
  readonly rest: Uint8Array;
}

/** A connection from a trusted proxy: what it begins with says whose it is. */
class ProxiedConnection implements Connection {
  readonly #conn: PeerConn;
  readonly #options: ProxiedPort & { readonly connect: Connect; readonly repeats: RepeatLog };
  readonly #openedAtMs: number;
  readonly #accepted: Accepted;
  #inner: Connection | undefined;

  constructor(
    conn: PeerConn,
    options: ProxiedPort & { readonly connect: Connect; readonly repeats: RepeatLog },
    nowMs: number,
    accepted: Accepted,
  ) {
    this.#conn = conn;
    this.#options = options;
    this.#openedAtMs = nowMs;
    this.#accepted = accepted;
  }

  get writer(): SlowWriter | undefined {
    return this.#inner?.writer;
  }

  /** Never throws for what the proxy sends; then as the connection behind the header does. */
  async serve(): Promise<void> {
    const begin = await this.#readHeader().catch((error) => {
      // Any other error is the socket's: its peer has gone.
      if (error instanceof ProxyError) this.#note(error.message);
      return undefined;
    });
    this.#inner = begin && this.#connect(begin);
    if (this.#inner === undefined) return closeQuietly(this.#conn);
    await this.#inner.serve();
  }

  enforceTimeouts(nowMs: number): void {
    if (this.#inner !== undefined) this.#inner.enforceTimeouts(nowMs);
    else if (nowMs - this.#openedAtMs >= this.#options.headerMs) this.abort();
  }

  drain(): void {
    this.#inner?.drain?.();
  }

  stop(): void {
    if (this.#inner === undefined) this.abort();
    else this.#inner.stop();
  }

  abort(): void {
    if (this.#inner === undefined) closeQuietly(this.#conn);
    else this.#inner.abort();
  }

  /** The header, and what has come behind it; `undefined` if the peer has gone. */
  async #readHeader(): Promise<Begin | undefined> {
    const reader = new ProxyHeaderReader();
    const buffer = new Uint8Array(READ_BUFFER_SIZE);
    for (;;) {
      const length = await this.#conn.read(buffer);
      if (length === null) return undefined;
      reader.push(buffer.subarray(0, length));
      const header = reader.next();
      if (header !== undefined) return { header, rest: reader.rest() };
    }
  }

  /** What is behind the header; `undefined` if there is no place for its client. */
  #connect({ header, rest }: Begin): Connection | undefined {
    const { transport, ...proxy } = this.#conn.remoteAddr;
    const { hostname, port } = header.kind === "client" ? header : proxy;
    const { place, log } = this.#accepted;
    const refusal = place.rename(hostname);
    if (refusal !== undefined) {
      this.#note(refusal.reason, hostname);
      return undefined;
    }
    const conn = new ProxiedConn(this.#conn, rest, { transport, hostname, port });
    const accepted = {
      ...this.#accepted,
      isProxied: header.kind !== "none",
      log: log.with({ peer: peerText(conn.remoteAddr) }),
    };
    return this.#options.connect(conn, performance.now(), accepted);
  }

  #note(reason: string, hostname = this.#conn.remoteAddr.hostname): void {
    const { counters, repeats } = this.#options;
    counters.add("proxiedConnectionsRefused");
    const count = repeats.note("refused", performance.now());
    if (count === undefined) return;
    this.#accepted.log.warn("{hostname} refused: {reason} ({count} so far)", {
      hostname,
      reason,
      count,
    });
  }
}

/** A connection of which something was read already, and whose peer is another one. */
class ProxiedConn implements PeerConn {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #conn: PeerConn;
  #rest: Uint8Array;

  constructor(conn: PeerConn, rest: Uint8Array, remoteAddr: Deno.NetAddr) {
    this.#conn = conn;
    this.#rest = rest;
    this.localAddr = conn.localAddr;
    this.remoteAddr = remoteAddr;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#rest.length === 0) return this.#conn.read(buffer);
    const length = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length);
    return Promise.resolve(length);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#conn.write(bytes);
  }

  close(): void {
    this.#conn.close();
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  setNoDelay(): void {
    this.#conn.setNoDelay();
  }
}
