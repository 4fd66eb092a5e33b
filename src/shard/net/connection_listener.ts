import { getLogger, type Logger } from "@logtape/logtape";
import { peerText } from "../../address/address_source.ts";
import { nextConnectionId } from "./connection_id.ts";
import type { CounterName, Counters } from "../../metrics/counters.ts";
import type { MemoryBudget } from "../../stream/memory_budget.ts";
import { describeRefusal, MemoryHolding } from "../../stream/memory_holding.ts";
import { Place, type Places } from "./places.ts";
import { RepeatLog } from "./repeat_log.ts";
import type { SlowWriter } from "./slow_writers.ts";
import { timeSlice } from "../time_slice.ts";

/** The pause after an accept that failed for want of something, such as file descriptors. */
const ACCEPT_RETRY_MS = 100;

/**
 * Connections that are accepted before those who have come are heard. An accept finds the next one
 * at once, but what it sends is heard after a turn of the thread, and no more than some hundred can
 * be in one: a flood of them would put all others at the end of a queue as long as there are places.
 * Fewer would leave them to a queue of the system's, for too few a second are accepted then.
 */
const ACCEPTED_AT_ONCE = 32;

/** Connections that are ended, if they can be spared, when there is no descriptor for a new one. */
const GIVEN_UP_AT_ONCE = 16;

/** What is asked of whatever is accepted. */
export interface AcceptedConn {
  readonly remoteAddr: Deno.NetAddr;
  close(): void;
}

/** What a listener does for {@linkcode ConnectionListener}. */
export interface ConnectionSource<Conn extends AcceptedConn = PeerConn> {
  accept(): Promise<Conn>;
  close(): void;
}

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
  /** What it is sent in pieces, if it is. */
  readonly writer?: SlowWriter | undefined;
}

/** What a listener counts its connections with. */
export interface ConnectionMemory {
  readonly budget: MemoryBudget;
  /** What one connection takes, with what it may always have. */
  readonly connectionBytes: number;
  /** Whose share it counts to, by the peer's address. */
  readonly holderOf: (hostname: string) => number;
}

/** What makes a protocol's listener different from another's. */
export interface ListenerOptions<Conn extends AcceptedConn = PeerConn> {
  /** The protocol's category in logs. */
  readonly protocol: "rtmp" | "http" | "webrtc" | "webtransport";
  /** Each connection takes one, until it is over or has left it itself. */
  readonly places: Places;
  /** The protocol's names of what every listener counts. */
  readonly counterNames: {
    /** If that is not what its places count. */
    readonly connections?: CounterName;
    readonly accepted: CounterName;
    readonly refused: CounterName;
    readonly aborted: CounterName;
  };
  readonly connect: Connect<Conn>;
  readonly memory?: ConnectionMemory;
}

/** What comes with a socket that was accepted. */
export interface Accepted {
  /** Of the connection, in logs and for the API. */
  readonly id: string;
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
  /** Whether it has begun with a header of the PROXY protocol. */
  readonly isProxied: boolean;
  /** It is left when the connection has ended. */
  readonly place: Place;
  /** For all that is logged about the connection: it knows the peer's address and the connection's id. */
  readonly log: Logger;
}

/** Makes a connection of a socket that was accepted. */
export type Connect<Conn = PeerConn> = (
  conn: Conn,
  nowMs: number,
  accepted: Accepted,
) => Connection;

/** A port that connections come in by, and what is made of them. */
export interface Entrance<Conn extends AcceptedConn = PeerConn> {
  readonly source: ConnectionSource<Conn>;
  readonly connect: Connect<Conn>;
  /** What a connection takes beside what all do. */
  readonly extraBytes?: number;
  /** Of its own, if it has not those of all. */
  readonly places?: Places;
}

/** Accepts connections of one protocol, as many as the limits allow. */
export class ConnectionListener<Conn extends AcceptedConn = PeerConn> {
  readonly #entrances: Entrance<Conn>[];
  readonly #options: ListenerOptions<Conn>;
  readonly #counters: Counters;
  readonly #connections = new Map<Connection, Promise<void>>();
  readonly #repeats = new RepeatLog();
  readonly #logger;
  #isClosed = false;

  constructor(
    source: ConnectionSource<NoInfer<Conn>>,
    options: ListenerOptions<Conn>,
    counters: Counters,
  ) {
    this.#entrances = [{ source, connect: options.connect }];
    this.#options = options;
    this.#counters = counters;
    this.#logger = getLogger(["sluice", options.protocol]);
  }

  /** Accepts at another port as well. To be called before {@linkcode run}. */
  addEntrance(entrance: Entrance<Conn>): void {
    this.#entrances.push(entrance);
  }

  /** Accepts connections until {@linkcode close}. */
  async run(): Promise<void> {
    await Promise.all(this.#entrances.map((entrance) => this.#acceptAll(entrance)));
  }

  async #acceptAll({ source, ...entrance }: Entrance<Conn>): Promise<void> {
    const share = timeSlice.share("many peers");
    for (let count = 1; !this.#isClosed; count++) {
      try {
        const conn = await source.accept();
        share.begin(performance.now());
        this.#admit(conn, entrance);
        await (count % ACCEPTED_AT_ONCE === 0 ? share.rest() : share.pause());
      } catch (error) {
        if (this.#isClosed) return;
        share.begin(performance.now());
        await this.#onAcceptError(error);
        await share.pause(0);
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
    // With no descriptor left, nobody could come until somebody goes.
    if (isOutOfDescriptors(error)) this.#giveUpSome();
    const count = this.#repeats.note("accept error", performance.now());
    if (count !== undefined) {
      this.#logger.error("Cannot accept connections: {reason} ({count} so far)", {
        // The system's, and no fault of this program that needs a stack.
        reason: `${error}`,
        count,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
  }

  #giveUpSome(): void {
    for (let given = 0; given < GIVEN_UP_AT_ONCE && this.#options.places.giveUpOne();) given++;
  }

  #admit(
    conn: Conn,
    { connect, extraBytes = 0, places = this.#options.places }: Omit<Entrance<Conn>, "source">,
  ): void {
    // It was accepted just before close, which could not know of it.
    if (this.#isClosed) return conn.close();
    const { hostname } = conn.remoteAddr;
    const id = nextConnectionId();
    const log = this.#logger.with({ id, peer: peerText(conn.remoteAddr) });
    const place = places.take(hostname);
    if (!(place instanceof Place)) return this.#refuse(conn, place.reason, log);
    const held = this.#hold(hostname, extraBytes);
    if (typeof held === "string") {
      place.leave();
      return this.#refuse(conn, held, log);
    }
    const accepted = { id, isSecure: false, isProxied: false, place, log };
    const connection = connect(conn, performance.now(), accepted);
    this.#connections.set(connection, this.#serve(connection, accepted, held));
  }

  /** Counts what a connection takes, or tells why there is no memory for it. */
  #hold(hostname: string, extraBytes: number): MemoryHolding | undefined | string {
    const { memory } = this.#options;
    if (memory === undefined) return undefined;
    const { budget, connectionBytes, holderOf } = memory;
    const holding = new MemoryHolding(budget, "sessions", holderOf(hostname));
    const refusal = holding.resize(connectionBytes + extraBytes);
    if (refusal === undefined) return holding;
    this.#counters.add("memoryRefused");
    return describeRefusal(refusal);
  }

  #refuse(conn: AcceptedConn, refusal: string, log: Logger): void {
    conn.close();
    this.#counters.add(this.#options.counterNames.refused);
    const count = this.#repeats.note(refusal, performance.now());
    if (count === undefined) return;
    const { hostname } = conn.remoteAddr;
    log.warn("{hostname} refused: {refusal} ({count} so far)", { hostname, refusal, count });
  }

  async #serve(
    connection: Connection,
    { place, log }: Accepted,
    held: MemoryHolding | undefined,
  ): Promise<void> {
    const { connections, accepted } = this.#options.counterNames;
    this.#counters.add(accepted);
    if (connections !== undefined) this.#counters.add(connections);
    try {
      await connection.serve();
    } catch (error) {
      // A defect of ours: nobody awaits this, and one connection must not end the shard.
      log.error("Cannot serve {peer}: {error}", { error });
    } finally {
      this.#connections.delete(connection);
      if (connections !== undefined) this.#counters.add(connections, -1);
      place.leave();
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

/** Whether the process has as many sockets as it may have. */
function isOutOfDescriptors(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  return code === "EMFILE" || code === "ENFILE";
}

/** Closes a connection that may be closed already. */
export function closeQuietly(conn: Pick<PeerConn, "close">): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}
