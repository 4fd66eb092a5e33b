import { openMemory } from "../open_memory.ts";
import { assert, assertEquals, assertLess } from "@std/assert";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { OPEN_ACCESS } from "../../../testing/open_access.ts";
import { ControlLink } from "../../../src/shard/control_link.ts";
import { allocateCounters, Counters } from "../../../src/metrics/counters.ts";
import type {
  ConnectionListener,
  ConnectionSource,
} from "../../../src/shard/net/connection_listener.ts";
import type { ToControl } from "../../../src/shard/messages.ts";
import { listenRtmp } from "../../../src/shard/rtmp/listener.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  SERVER_HANDSHAKE_LENGTH,
} from "../../../testing/rtmp/client.ts";
import { until } from "../../../testing/waiting.ts";
import { placeLimits, SHARD_SETTINGS, testPlaces, testViewers } from "../shard_settings.ts";
import { testStreams } from "../test_streams.ts";

/** A listener whose first accepts fail, as those of connections that their peers have reset. */
class FailingSource implements ConnectionSource {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #errors: Error[];
  readonly #change: (conn: Deno.TcpConn) => void;

  constructor(errors: readonly Error[], change: (conn: Deno.TcpConn) => void = () => {}) {
    this.#errors = [...errors];
    this.#change = change;
  }

  async accept(): Promise<Deno.TcpConn> {
    const error = this.#errors.shift();
    if (error !== undefined) throw error;
    const conn = await this.#listener.accept();
    this.#change(conn);
    return conn;
  }

  close(): void {
    this.#listener.close();
  }

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.#listener.addr.port });
  }
}

/** A listener at work, with what it counts and logs. */
class Setup implements AsyncDisposable {
  readonly counters = new Counters(allocateCounters(1), 0);
  /** What control was asked, and does not answer. */
  readonly asked: ToControl[] = [];
  readonly control = new ControlLink((message) => void this.asked.push(message));
  readonly #logged: readonly LogRecord[];
  readonly #listener: ConnectionListener;
  readonly #running: Promise<void>;

  private constructor(
    source: ConnectionSource,
    logged: readonly LogRecord[],
    trusted: readonly string[],
  ) {
    this.#logged = logged;
    const { counters, control } = this;
    const streams = testStreams(control);
    const limits = placeLimits({ max: 100, maxPerAddress: 2 });
    const context = { settings: SHARD_SETTINGS, streams, control, counters, memory: openMemory() };
    const { places, proxies } = testPlaces(counters, { limits, trusted });
    const doors = testViewers(counters, { places });
    this.#listener = listenRtmp(
      { ...context, access: OPEN_ACCESS, places, proxies, ...doors },
      source,
    );
    this.#running = this.#listener.run();
  }

  /** @param trusted proxies */
  static async start(source: ConnectionSource, trusted: readonly string[] = []): Promise<Setup> {
    const logged: LogRecord[] = [];
    await configure({
      reset: true,
      sinks: { list: (record) => void logged.push(record) },
      loggers: [
        { category: ["sluice"], lowestLevel: "info", sinks: ["list"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["list"] },
      ],
    });
    return new Setup(source, logged, trusted);
  }

  sweep(nowMs: number): void {
    this.#listener.sweep(nowMs);
  }

  messages(): string[] {
    return this.#logged.map(({ message }) => message.join(""));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close(0);
    await this.#running;
    await reset();
  }
}

/** Does the first half of the handshake, and resolves when it is answered. */
async function shakeHands(conn: Deno.TcpConn): Promise<void> {
  await conn.write(clientHello());
  const buffer = new Uint8Array(4096);
  for (let heard = 0; heard < SERVER_HANDSHAKE_LENGTH;) {
    const length = await conn.read(buffer);
    if (length === null) throw new Error("Ended within the handshake");
    heard += length;
  }
}

Deno.test("connections that are reset before they are accepted hold up nobody", async () => {
  const { NotConnected, ConnectionReset, ConnectionAborted } = Deno.errors;
  const errors = Array.from({ length: 100 }, () => [
    new NotConnected("Socket is not connected (os error 107)"),
    new ConnectionReset("reset"),
    new ConnectionAborted("aborted"),
  ]).flat();
  const source = new FailingSource(errors);
  const startedMs = performance.now();
  await using setup = await Setup.start(source);
  using conn = await source.connect();
  await shakeHands(conn);
  // With a pause after each it would be 30 s.
  assert(performance.now() - startedMs < 25_000, "it waited for its turn");
  assertEquals(setup.counters.total("rtmpConnectionsAborted"), 300);
  assertEquals(setup.messages(), []);
});

Deno.test("accepts that fail for another reason are tried again, and logged once", async () => {
  const source = new FailingSource(
    Array.from({ length: 3 }, () => new Error("Too many open files")),
  );
  const startedMs = performance.now();
  await using setup = await Setup.start(source);
  using conn = await source.connect();
  await shakeHands(conn);
  assert(performance.now() - startedMs > 200, "it did not pause");
  const line = "Cannot accept connections: Error: Too many open files (1 so far)";
  assertEquals(setup.messages(), [line]);
  assertEquals(setup.counters.total("rtmpConnectionsAborted"), 0);
});

Deno.test("connections past the limit are counted one by one, and logged once", async () => {
  const source = new FailingSource([]);
  await using setup = await Setup.start(source);
  using first = await source.connect();
  using second = await source.connect();
  await Promise.all([shakeHands(first), shakeHands(second)]);
  for (let time = 0; time < 50; time++) {
    using refused = await source.connect();
    assertEquals(await refused.read(new Uint8Array(1)), null);
  }
  assertEquals(setup.counters.total("rtmpConnectionsRefused"), 50);
  assertEquals(setup.messages(), [
    "127.0.0.1 refused: one address may have up to 2 new connections (1 so far)",
  ]);
});

Deno.test("a connection that fails at once is ended, and its place is free again", async () => {
  let failing = 5;
  const source = new FailingSource([], (conn) => {
    if (failing-- > 0) {
      conn.setNoDelay = () => {
        throw new Deno.errors.ConnectionReset("reset");
      };
    }
  });
  await using setup = await Setup.start(source);
  for (let time = 0; time < 5; time++) {
    using conn = await source.connect();
    assertEquals(await conn.read(new Uint8Array(1)), null);
  }
  await until("all are counted out", () => setup.counters.total("rtmpConnections") === 0);
  using conn = await source.connect();
  await shakeHands(conn);
  assertEquals(setup.counters.total("rtmpConnections"), 1);
  assertEquals(setup.counters.total("rtmpConnectionsRefused"), 0);
});

Deno.test("who is refused again and again on a connection is counted each time, and logged once", async () => {
  const source = new FailingSource([]);
  await using setup = await Setup.start(source);
  using conn = await source.connect();
  await shakeHands(conn);
  const messages = new ClientMessages().connect("live");
  // All in one read: a connection that has nothing to play is about to be closed.
  for (let time = 0; time < 20; time++) messages.command(1, "publish", 0, null, "");
  for (let time = 0; time < 20; time++) messages.command(1, "play", 0, null, "../a");
  await conn.write(clientAnswer());
  await conn.write(messages.take());
  await until("all are refused", () => setup.counters.total("playsRefused") === 20);
  assertEquals(setup.counters.total("publishesRefused"), 20);
  const refusals = setup.messages().filter((message) =>
    /may not publish|cannot play/.test(message)
  );
  assertEquals(refusals.map((message) => message.replace(/^\S+ /, "")), [
    "may not publish: The stream name is empty (1 so far)",
    "cannot play: The name has characters that URLs do not have (1 so far)",
  ]);
});

Deno.test("a connection that is overdue while it waits for a decision is ended and counted once", async () => {
  const source = new FailingSource([]);
  await using setup = await Setup.start(source);
  using conn = await source.connect();
  await shakeHands(conn);
  await conn.write(clientAnswer());
  await conn.write(new ClientMessages().connect("live").publish("a").take());
  const asked = await until("control is asked", () => setup.asked[0]);
  if (asked.kind !== "publish") throw new Error(`It is asked for ${asked.kind}`);
  for (let time = 1; time <= 3; time++) setup.sweep(performance.now() + time * 100_000);
  assertEquals(setup.counters.total("rtmpTimeouts"), 1);
  setup.control.settle({
    kind: "publish-refused",
    requestId: asked.requestId,
    reason: "too late",
    isTaken: false,
  });
});

Deno.test("a stream counts for its publisher's address, unless that is a trusted proxy's", async () => {
  for (const trusted of [[], ["127.0.0.1"]]) {
    const source = new FailingSource([]);
    await using setup = await Setup.start(source, trusted);
    using conn = await source.connect();
    await shakeHands(conn);
    await conn.write(clientAnswer());
    await conn.write(new ClientMessages().connect("live").publish("a").take());
    const asked = await until("control is asked", () => setup.asked[0]);
    if (asked.kind !== "publish") throw new Error(`It is asked for ${asked.kind}`);
    const { requestId, publisher: { network } } = asked;
    assertEquals(network, trusted.length > 0 ? undefined : "127.0.0.1");
    setup.control.settle({ kind: "publish-refused", requestId, reason: "no", isTaken: false });
  }
});

Deno.test("who asks to publish again and again asks control at a pace", async () => {
  const source = new FailingSource([]);
  await using setup = await Setup.start(source);
  const { control, asked } = setup;
  using conn = await source.connect();
  await shakeHands(conn);
  const messages = new ClientMessages().connect("live");
  for (let time = 0; time < 18; time++) messages.command(1, "publish", 0, null, `${time}`);
  await conn.write(clientAnswer());
  await conn.write(messages.take());
  let answered = 0;
  const answerAll = () => {
    for (const message of asked.slice(answered)) {
      if (message.kind !== "publish") continue;
      control.settle({
        kind: "publish-refused",
        requestId: message.requestId,
        reason: "no",
        isTaken: false,
      });
    }
    answered = asked.length;
  };
  const startedMs = performance.now();
  await until("two more are answered than it may ask at once", () => {
    answerAll();
    return answered === 18;
  });
  assert(performance.now() - startedMs > 500, "it did not wait");
});

Deno.test("a peer whose bytes are always there leaves the thread to timers and to others", async () => {
  // A sound message of one byte, and as many like it as there is room for.
  const rest = new Uint8Array(4096);
  for (let at = 0; at < rest.length; at += 2) rest[at] = 0xc4;
  const first = new ClientMessages().connect("live").audio(0, Uint8Array.of(0xaf)).take();
  const begins = [clientHello(), clientAnswer(), first];
  const endMs = performance.now() + 60_000;
  let greedy = true;
  let isSeen = false;
  const source = new FailingSource([], (conn) => {
    if (!greedy) return;
    greedy = false;
    conn.read = (buffer) => {
      const piece = begins.shift() ?? rest;
      buffer.set(piece);
      const isOver = isSeen || performance.now() > endMs;
      return Promise.resolve(isOver ? null : piece.length);
    };
  });
  await using setup = await Setup.start(source);
  using _conn = await source.connect();
  await until("it is at it", () => setup.counters.total("messagesIgnored") > 10_000);
  using other = await source.connect();
  await shakeHands(other);
  isSeen = true;
  assertLess(performance.now(), endMs, "all had to wait for its end");
});
