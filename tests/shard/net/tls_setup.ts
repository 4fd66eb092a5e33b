import { createSecureContext } from "node:tls";
import { assertEquals } from "@std/assert";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import {
  type Connection,
  ConnectionListener,
  type PeerConn,
} from "../../../src/shard/net/connection_listener.ts";
import { allocateCounters, type CounterName, Counters } from "../../../src/metrics/counters.ts";
import { RepeatLog } from "../../../src/shard/net/repeat_log.ts";
import { TlsConnection } from "../../../src/shard/net/tls_connection.ts";
import { currentCertificate } from "../../../testing/certificates.ts";
import { until } from "../../../testing/waiting.ts";
import { testPlaces } from "../shard_settings.ts";
import { CountingSource } from "./counting_source.ts";

/** Far more than any test takes: only sweeps with times of their own reach it. */
export const HANDSHAKE_MS = 100_000;

export const CERTIFICATE = currentCertificate("localhost", "127.0.0.1");
const CONTEXT = createSecureContext({ cert: CERTIFICATE.certificate, key: CERTIFICATE.key });

type Serve = (conn: PeerConn) => Promise<void>;

/** What is inside TLS: does what a test says. */
class Inside implements Connection {
  readonly #conn: PeerConn;
  readonly #serve: Serve;

  constructor(conn: PeerConn, serve: Serve) {
    this.#conn = conn;
    this.#serve = serve;
  }

  async serve(): Promise<void> {
    await this.#serve(this.#conn).catch((error) => {
      if (!(error instanceof Deno.errors.Interrupted)) throw error;
    });
    this.#conn.close();
  }

  enforceTimeouts(): void {}

  stop(): void {
    this.abort();
  }

  abort(): void {
    this.#conn.close();
  }
}

/** Connections over TLS that are served as a test says. */
export class TlsSetup implements AsyncDisposable {
  readonly counters = new Counters(allocateCounters(1), 0);
  readonly startedMs = performance.now();
  readonly #source = new CountingSource();
  readonly #listener: ConnectionListener;
  readonly #running: Promise<void>;
  readonly #logged: LogRecord[];
  #closing: Promise<void> | undefined;

  private constructor(serve: Serve, logged: LogRecord[], plainAnswer?: Uint8Array<ArrayBuffer>) {
    this.#logged = logged;
    const port = {
      protocol: "http",
      certificate: { context: CONTEXT },
      alpnProtocols: ["http/1.1"],
      plainAnswer,
      handshakeMs: HANDSHAKE_MS,
      counters: this.counters,
      repeats: new RepeatLog(),
      connect: (conn: PeerConn) => new Inside(conn, serve),
    } as const;
    this.#listener = new ConnectionListener(this.#source, {
      protocol: "http",
      places: testPlaces(this.counters).places.httpConnections,
      counterNames: {
        accepted: "httpConnectionsAccepted",
        refused: "httpConnectionsRefused",
        aborted: "httpConnectionsAborted",
      },
      connect: (conn, nowMs, accepted) => new TlsConnection(conn, port, nowMs, accepted),
    }, this.counters);
    this.#running = this.#listener.run();
  }

  static async start(serve: Serve, plainAnswer?: Uint8Array<ArrayBuffer>): Promise<TlsSetup> {
    const logged: LogRecord[] = [];
    await configure({
      reset: true,
      sinks: { list: (record) => void logged.push(record) },
      loggers: [
        { category: ["sluice"], lowestLevel: "warning", sinks: ["list"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["list"] },
      ],
    });
    return new TlsSetup(serve, logged, plainAnswer);
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  get port(): number {
    return this.#source.port;
  }

  /** A client that has shaken hands. */
  async connect(alpnProtocols: string[] = ["h2", "http/1.1"]): Promise<Deno.TlsConn> {
    return await Deno.connectTls({
      hostname: "localhost",
      port: this.#source.port,
      caCerts: [CERTIFICATE.certificate],
      alpnProtocols,
    });
  }

  /** A client without TLS. */
  connectPlain(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.#source.port });
  }

  sweep(nowMs: number): void {
    this.#listener.sweep(nowMs);
  }

  total(name: CounterName): number {
    return this.counters.total(name);
  }

  /** What was counted of handshakes: done, failed, too slow. */
  handshakes(): number[] {
    const names = ["tlsHandshakes", "tlsHandshakesFailed", "tlsTimeouts"] as const;
    return names.map((name) => this.total(name));
  }

  takeLogged(): string[] {
    return this.#logged.splice(0).map(({ message }) => message.join(""));
  }

  allGone(): Promise<boolean> {
    return until("all connections are over", () => this.total("httpConnections") === 0);
  }

  close(graceMs: number): Promise<void> {
    return this.#closing ??= this.#listener.close(graceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
    await this.#running;
    assertEquals(this.total("httpConnections"), 0);
    const logged = this.takeLogged();
    await reset();
    assertEquals(logged, []);
  }
}

/** Resolves when the server has ended the connection, in whatever way; with what it sent before. */
export async function endOf(conn: Deno.Conn): Promise<number> {
  const deadline = setTimeout(() => conn.close(), 20_000);
  const buffer = new Uint8Array(65_536);
  let received = 0;
  try {
    for (;;) {
      const length = await conn.read(buffer);
      if (length === null) return received;
      received += length;
    }
  } catch (error) {
    const isEnd = error instanceof Deno.errors.ConnectionReset ||
      error instanceof Deno.errors.UnexpectedEof;
    if (!isEnd) throw error;
    return received;
  } finally {
    clearTimeout(deadline);
  }
}
