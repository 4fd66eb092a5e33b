import { openMemory } from "../open_memory.ts";
import { assertEquals } from "@std/assert";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import type { StreamResponse, WebSocketResponse } from "../../../src/http/response.ts";
import { ConnectionListener } from "../../../src/shard/net/connection_listener.ts";
import { allocateCounters, type CounterName, Counters } from "../../../src/metrics/counters.ts";
import {
  HttpConnection,
  type HttpConnectionContext,
} from "../../../src/shard/http/serving/connection.ts";
import { until } from "../../../testing/waiting.ts";
import { CountingSource } from "../net/counting_source.ts";
import { HttpClient } from "./client.ts";
import { placeLimits, testPlaces } from "../shard_settings.ts";

type Answer = HttpConnectionContext["answer"];

/** Far more than any test takes: only sweeps with times of their own reach them. */
export const TIMEOUTS = { httpRequestMs: 100_000, httpIdleMs: 300_000, stallMs: 200_000 } as const;

interface SetupOptions {
  readonly max?: number;
  readonly maxPerAddress?: number;
  /** Proxies that are believed. */
  readonly trusted?: readonly string[];
}

/** Connections at work that answer as a test says. Nothing may be logged as a defect of theirs. */
export class HttpSetup implements AsyncDisposable {
  readonly counters = new Counters(allocateCounters(1), 0);
  /** Before any connection of the test was made. */
  readonly startedMs = performance.now();
  readonly #source = new CountingSource();
  readonly #listener: ConnectionListener;
  readonly #running: Promise<void>;
  readonly #logged: readonly LogRecord[];
  #closing: Promise<void> | undefined;

  private constructor(answer: Answer, logged: readonly LogRecord[], options: SetupOptions) {
    this.#logged = logged;
    const { max = 100, maxPerAddress = 100, trusted = [] } = options;
    const limits = placeLimits({ max, maxPerAddress });
    const { places, proxies } = testPlaces(this.counters, { limits, trusted });
    const { counters } = this;
    const memory = openMemory();
    const context: HttpConnectionContext = {
      counters,
      memory,
      timeouts: TIMEOUTS,
      proxies,
      answer,
    };
    this.#listener = new ConnectionListener(this.#source, {
      protocol: "http",
      places: places.httpConnections,
      counterNames: {
        accepted: "httpConnectionsAccepted",
        refused: "httpConnectionsRefused",
        aborted: "httpConnectionsAborted",
      },
      connect: (conn, nowMs, accepted) => new HttpConnection(conn, context, nowMs, accepted),
    }, this.counters);
    this.#running = this.#listener.run();
  }

  static async start(answer: Answer, options: SetupOptions = {}): Promise<HttpSetup> {
    const logged: LogRecord[] = [];
    await configure({
      reset: true,
      sinks: { list: (record) => void logged.push(record) },
      loggers: [
        { category: ["sluice"], lowestLevel: "warning", sinks: ["list"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["list"] },
      ],
    });
    return new HttpSetup(answer, logged, options);
  }

  /** Bytes that all connections together have read. */
  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  connect(): Promise<HttpClient> {
    return HttpClient.connect(this.#source.port);
  }

  /** A client that has sent something. */
  async send(text: string): Promise<HttpClient> {
    const client = await this.connect();
    await client.send(text);
    return client;
  }

  /** Lets connections believe that it is `nowMs`. */
  sweep(nowMs: number): void {
    this.#listener.sweep(nowMs);
  }

  close(graceMs: number): Promise<void> {
    return this.#closing ??= this.#listener.close(graceMs);
  }

  total(name: CounterName): number {
    return this.counters.total(name);
  }

  /** All that was counted, connections and bytes apart. */
  counted(): Partial<Record<CounterName, number>> {
    const entries = Object.entries(this.counters.totals())
      .filter(([, count]) => count !== 0)
      .filter(([name]) => !name.startsWith("httpConnections") && name !== "httpBytesSent");
    return Object.fromEntries(entries);
  }

  /** What was logged as a warning or worse since the last call. */
  takeLogged(): string[] {
    const logged = this.#logged as LogRecord[];
    return logged.splice(0).map(({ message }) => message.join(""));
  }

  allGone(): Promise<boolean> {
    return until("all connections are over", () => this.total("httpConnections") === 0);
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

/** The body of a response, which comes as a test says. */
export class Body {
  pulls = 0;
  cancels = 0;
  overs = 0;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly onOver = () => void this.overs++;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;

  /** @param endless what is given again and again, as often as it is asked for */
  constructor(endless?: Uint8Array<ArrayBuffer>) {
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: (controller) => {
        this.pulls++;
        if (endless !== undefined) controller.enqueue(endless);
      },
      cancel: () => void this.cancels++,
    }, { highWaterMark: 0 });
  }

  get response(): StreamResponse {
    const headers = { "content-type": "video/x-flv" };
    return { kind: "stream", status: 200, headers, body: this.stream, onOver: this.onOver };
  }

  webSocket(accept: string): WebSocketResponse {
    return { kind: "websocket", accept, messages: this.stream, onOver: this.onOver };
  }

  push(piece: string | Uint8Array<ArrayBuffer>): void {
    this.#controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  }

  end(): void {
    this.#controller.close();
  }

  fail(error: Error): void {
    this.#controller.error(error);
  }

  /** Resolves when the response is over; it must be so once, and once only. */
  async isOver(): Promise<void> {
    await until("the response is over", () => this.overs > 0);
    assertEquals(this.overs, 1);
  }
}

/** Resolves with a number that has stopped to change. */
export async function settled(what: string, read: () => number): Promise<number> {
  let last = NaN;
  let same = 0;
  await until(`${what} does not change`, () => {
    const value = read();
    same = value === last ? same + 1 : 0;
    last = value;
    return same === 10;
  });
  return last;
}
