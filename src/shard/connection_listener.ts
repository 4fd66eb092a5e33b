import { getLogger } from "@logtape/logtape";
import { AddressCounts } from "./address_counts.ts";
import type { CounterName, Counters } from "./counters.ts";
import { holderOf } from "./memory_holder.ts";
import { RepeatLog } from "./repeat_log.ts";
import type { SlowWriter } from "./slow_writers.ts";
import type { MemoryBudget } from "../stream/memory_budget.ts";
import { describeRefusal, MemoryHolding } from "../stream/memory_holding.ts";

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
  /** The server stops: ends the connection, at once or after what it is at. */
  stop(): void;
  /** Ends the connection at once. */
  abort(): void;
  /** What it is sent in pieces, if it is. */
  readonly writer?: SlowWriter;
}

/** What a listener counts its connections with. */
export interface ConnectionMemory {
  readonly budget: MemoryBudget;
  /** What one connection takes, with what it may always have. */
  readonly connectionBytes: number;
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
  readonly memory?: ConnectionMemory;
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
    while (!this.#isClosed) {
      try {
        this.#admit(await source.accept(), connect);
      } catch (error) {
        if (!this.#isClosed) await this.#onAcceptError(error);
      }
    }
  }

  /** What of the connections is sent something just now. */
  get writers(): SlowWriter[] {
    return [...this.#connections.keys()].map(({ writer }) => writer)
      .filter((writer) => writer !== undefined);
  }

  /** Ends connections that take too long. To be called every second or so. */
  sweep(nowMs: number): void {
    for (const connection of this.#connections.keys()) connection.enforceTimeouts(nowMs);
  }

  /** Accepts no more and stops all connections; resolves when they are gone. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    for (const { source } of this.#entrances) source.close();
    for (const connection of this.#connections.keys()) connection.stop();
    const timer = setTimeout(() => {
      for (const connection of this.#connections.keys()) connection.abort();
    }, graceMs);
    await Promise.all(this.#connections.values());
    clearTimeout(timer);
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
    const held = refusal ?? this.#hold(hostname);
    if (typeof held !== "string") {
      const connection = connect(conn, performance.now());
      this.#connections.set(connection, this.#serve(connection, hostname, held));
    } else {
      this.#noteRefusal(hostname, held);
      conn.close();
    }
  }

  /** Counts what a connection takes, or tells why there is no memory for it. */
  #hold(hostname: string): MemoryHolding | undefined | string {
    const { memory } = this.#options;
    if (memory === undefined) return undefined;
    const { budget, connectionBytes } = memory;
    const holding = new MemoryHolding(budget, "sessions", holderOf(budget, hostname));
    const refusal = holding.resize(connectionBytes);
    if (refusal === undefined) return holding;
    this.#counters.add("memoryRefused");
    return describeRefusal(refusal);
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

  async #serve(
    connection: Connection,
    hostname: string,
    held: MemoryHolding | undefined,
  ): Promise<void> {
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
      held?.close();
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
