import { getLogger } from "@logtape/logtape";
import { AddressCounts } from "./address_counts.ts";
import type { CounterName, Counters } from "./counters.ts";
import { RepeatLog } from "./repeat_log.ts";
import { timeSlice } from "./time_slice.ts";

/** The pause after an accept that failed for want of something, such as file descriptors. */
const ACCEPT_RETRY_MS = 100;

/** What a listener does for {@linkcode ConnectionListener}. */
export type ConnectionSource = Pick<Deno.TcpListener, "accept" | "close">;

/** What is done with a socket that was accepted; TLS on top of it can do the same. */
export type PeerConn = Pick<
  Deno.TcpConn,
  "localAddr" | "remoteAddr" | "read" | "write" | "close" | "closeWrite" | "setNoDelay"
>;

/** A connection that is served until it ends. */
export interface Connection {
  /** Serves until either side ends the connection, and closes it. */
  serve(): Promise<void>;
  /** Ends the connection if it has taken too long for what it is at. */
  enforceTimeouts(nowMs: number): void;
  /** The server will stop soon: asks the peer to go elsewhere, if it understands that. */
  drain?(): void;
  /** The server stops: ends the connection, at once or after what it is at. */
  stop(): void;
  /** Ends the connection at once. */
  abort(): void;
}

/** What makes a protocol's listener different from another's. */
export interface ListenerOptions {
  /** The protocol's category in logs. */
  readonly protocol: "rtmp" | "http" | "webrtc";
  readonly maxConnections: number;
  /** Of one address, or one IPv6 network, on this shard. */
  readonly maxConnectionsPerAddress: number;
  /** The protocol's names of what every listener counts. */
  readonly counterNames: {
    readonly connections: CounterName;
    readonly accepted: CounterName;
    readonly refused: CounterName;
    readonly aborted: CounterName;
  };
  readonly connect: (conn: Deno.TcpConn, nowMs: number) => Connection;
}

/** A port that connections come in by, and what is made of them. */
interface Entrance {
  readonly source: ConnectionSource;
  readonly connect: ListenerOptions["connect"];
}

/** Accepts connections of one protocol, as many as the limits allow. */
export class ConnectionListener {
  readonly #entrances: Entrance[];
  readonly #options: ListenerOptions;
  readonly #counters: Counters;
  readonly #connections = new Map<Connection, Promise<void>>();
  readonly #byAddress = new AddressCounts();
  readonly #repeats = new RepeatLog();
  readonly #logger;
  #isClosed = false;

  constructor(source: ConnectionSource, options: ListenerOptions, counters: Counters) {
    this.#entrances = [{ source, connect: options.connect }];
    this.#options = options;
    this.#counters = counters;
    this.#logger = getLogger(["sluice", options.protocol]);
  }

  /** Accepts at another port as well, within the same limits. To be called before {@linkcode run}. */
  addEntrance(source: ConnectionSource, connect: ListenerOptions["connect"]): void {
    this.#entrances.push({ source, connect });
  }

  /** Accepts connections until {@linkcode close}. */
  async run(): Promise<void> {
    await Promise.all(this.#entrances.map((entrance) => this.#acceptAll(entrance)));
  }

  async #acceptAll({ source, connect }: Entrance): Promise<void> {
    const share = timeSlice.share();
    while (!this.#isClosed) {
      try {
        const conn = await source.accept();
        share.begin(performance.now());
        this.#admit(conn, connect);
        await share.pause();
      } catch (error) {
        if (!this.#isClosed) await this.#onAcceptError(error);
      }
    }
  }

  /** Ends connections that take too long. To be called every second or so. */
  sweep(nowMs: number): void {
    for (const connection of this.#connections.keys()) connection.enforceTimeouts(nowMs);
  }

  /** Accepts no more, and asks those to go elsewhere who can. */
  drain(): void {
    this.#stopAccepting();
    for (const connection of this.#connections.keys()) connection.drain?.();
  }

  /** Accepts no more and stops all connections; resolves when they are gone. */
  async close(graceMs: number): Promise<void> {
    this.#stopAccepting();
    for (const connection of this.#connections.keys()) connection.stop();
    const timer = setTimeout(() => {
      for (const connection of this.#connections.keys()) connection.abort();
    }, graceMs);
    await Promise.all(this.#connections.values());
    clearTimeout(timer);
  }

  #stopAccepting(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { source } of this.#entrances) source.close();
  }

  async #onAcceptError(error: unknown): Promise<void> {
    if (isConnectionLost(error)) return this.#counters.add(this.#options.counterNames.aborted);
    const count = this.#repeats.note("accept error", performance.now());
    if (count !== undefined) {
      this.#logger.error("Cannot accept connections: {error} ({count} so far)", { error, count });
    }
    await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
  }

  #admit(conn: Deno.TcpConn, connect: ListenerOptions["connect"]): void {
    const { maxConnections, maxConnectionsPerAddress, counterNames } = this.#options;
    // It was accepted just before close, which could not know of it.
    if (this.#isClosed) return conn.close();
    const { hostname } = conn.remoteAddr;
    const refusal = this.#counters.total(counterNames.connections) >= maxConnections
      ? `there are ${maxConnections} connections already`
      : this.#byAddress.of(hostname) >= maxConnectionsPerAddress
      ? `its address has ${maxConnectionsPerAddress} connections already`
      : undefined;
    if (refusal === undefined) {
      const connection = connect(conn, performance.now());
      this.#connections.set(connection, this.#serve(connection, hostname));
    } else {
      this.#noteRefusal(hostname, refusal);
      conn.close();
    }
  }

  #noteRefusal(hostname: string, refusal: string): void {
    this.#counters.add(this.#options.counterNames.refused);
    const count = this.#repeats.note(refusal, performance.now());
    if (count === undefined) return;
    this.#logger.warn("{hostname} refused: {refusal} ({count} so far)", {
      hostname,
      refusal,
      count,
    });
  }

  async #serve(connection: Connection, hostname: string): Promise<void> {
    const { connections, accepted } = this.#options.counterNames;
    this.#counters.add(accepted);
    this.#counters.add(connections);
    this.#byAddress.add(hostname);
    try {
      await connection.serve();
    } catch (error) {
      // A defect of ours: nobody awaits this, and one connection must not end the shard.
      this.#logger.error("Cannot serve {hostname}: {error}", { hostname, error });
    } finally {
      this.#connections.delete(connection);
      this.#counters.add(connections, -1);
      this.#byAddress.remove(hostname);
    }
  }
}

/** Whether a peer was gone before its connection was accepted: the next one may be there already. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}

/** Closes a connection that may be closed already. */
export function closeQuietly(conn: Pick<PeerConn, "close">): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}
