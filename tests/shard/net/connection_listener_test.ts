import { assertEquals, assertLess } from "@std/assert";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import {
  type Connection,
  ConnectionListener,
  type ConnectionSource,
} from "../../../src/shard/net/connection_listener.ts";
import { allocateCounters, Counters } from "../../../src/metrics/counters.ts";
import { until } from "../../../testing/waiting.ts";
import { HttpSetup } from "../http/setup.ts";
import { placeLimits, testAddressCounts, testPlaces } from "../shard_settings.ts";

/** A listener to which clients come as a test says, with a connection that does what it is told. */
class Setup implements AsyncDisposable {
  readonly shared = allocateCounters(2);
  readonly counters = new Counters(this.shared, 0);
  readonly connections: FakeConnection[] = [];
  /** Addresses of clients whose sockets were closed without a connection. */
  readonly turnedAway: string[] = [];
  readonly listener: ConnectionListener;
  readonly #running: Promise<void>;
  readonly #logged: LogRecord[] = [];
  /** Whether connections that come can be given up for others. */
  isEachSpared = false;
  #closing: Promise<void> | undefined;
  #waiting = Promise.withResolvers<Deno.TcpConn>();

  constructor() {
    const source: ConnectionSource = {
      accept: async () => {
        try {
          return await this.#waiting.promise;
        } finally {
          this.#waiting = Promise.withResolvers();
        }
      },
      close: () => {
        // Nobody waits for it if a client has just come.
        this.#waiting.promise.catch(() => {});
        this.#waiting.reject(new Deno.errors.BadResource("closed"));
      },
    };
    this.listener = new ConnectionListener(source, {
      protocol: "http",
      places: testPlaces(this.counters, {
        limits: placeLimits({ max: 4, maxPerAddress: 2 }),
        addressCounts: testAddressCounts(2),
      }).places.httpConnections,
      counterNames: {
        accepted: "httpConnectionsAccepted",
        refused: "httpConnectionsRefused",
        aborted: "httpConnectionsAborted",
      },
      connect: (_conn, _nowMs, { place }) => {
        const connection = new FakeConnection();
        if (this.isEachSpared) place.offer(() => connection.abort());
        this.connections.push(connection);
        return connection;
      },
    }, this.counters);
    this.#running = this.listener.run();
  }

  static async start(): Promise<Setup> {
    const setup = new Setup();
    await configure({
      reset: true,
      sinks: { list: (record) => void setup.#logged.push(record) },
      loggers: [
        { category: ["sluice"], lowestLevel: "warning", sinks: ["list"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["list"] },
      ],
    });
    return setup;
  }

  /** A client comes, and the listener decides about it. */
  async arrive(hostname: string): Promise<void> {
    const { connections, turnedAway } = this;
    const decided = connections.length + turnedAway.length;
    this.offer(hostname);
    await until("it is decided", () => connections.length + turnedAway.length > decided);
  }

  offer(hostname: string): void {
    const conn = {
      remoteAddr: { transport: "tcp", hostname, port: 1 },
      close: () => void this.turnedAway.push(hostname),
    };
    this.#waiting.resolve(conn as unknown as Deno.TcpConn);
  }

  /** The next accept fails. */
  fail(error: Error): void {
    // Nobody may be waiting yet.
    this.#waiting.promise.catch(() => {});
    this.#waiting.reject(error);
  }

  close(graceMs: number): Promise<void> {
    return this.#closing ??= this.listener.close(graceMs);
  }

  takeLogged(): string[] {
    return this.#logged.splice(0).map(({ message }) => message.join(""));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
    await this.#running;
    await reset();
  }
}

/** Does what the listener says, and writes it down. */
class FakeConnection implements Connection {
  readonly calls: unknown[] = [];
  readonly #served = Promise.withResolvers<void>();

  serve(): Promise<void> {
    return this.#served.promise;
  }

  enforceTimeouts(nowMs: number): void {
    this.calls.push(nowMs);
  }

  stop(): void {
    this.calls.push("stop");
  }

  abort(): void {
    this.calls.push("abort");
    this.#served.resolve();
  }

  end(): void {
    this.#served.resolve();
  }

  fail(error: Error): void {
    this.#served.reject(error);
  }
}

Deno.test("as many connections as the limits allow, of an address and in all", async () => {
  await using setup = await Setup.start();
  for (const hostname of ["a", "a", "a", "b", "b", "b", "c"]) await setup.arrive(hostname);
  assertEquals([setup.connections.length, setup.turnedAway], [4, ["a", "b", "c"]]);
  assertEquals(setup.counters.total("httpConnections"), 4);
  assertEquals(setup.counters.total("httpConnectionsAccepted"), 4);
  assertEquals(setup.counters.total("httpConnectionsRefused"), 3);
  assertEquals(setup.takeLogged(), [
    "a refused: one address may have up to 2 connections (1 so far)",
    "c refused: there may be up to 4 connections (1 so far)",
  ]);
  // The first was of "a": its place is free for whom it was.
  setup.connections[0]!.end();
  await until("it is gone", () => setup.counters.total("httpConnections") === 3);
  await setup.arrive("b");
  await setup.arrive("a");
  assertEquals([setup.connections.length, setup.turnedAway.at(-1)], [5, "b"]);
});

Deno.test("whoever has an IPv6 network has as many connections as one address", async () => {
  await using setup = await Setup.start();
  for (const host of ["1", "2", "3"]) await setup.arrive(`2001:db8::${host}`);
  assertEquals([setup.connections.length, setup.turnedAway], [2, ["2001:db8::3"]]);
  // Clients of IPv4 look so where both are listened on: they are one address each.
  for (const host of ["1", "2"]) await setup.arrive(`::ffff:192.0.2.${host}`);
  assertEquals(setup.connections.length, 4);
});

Deno.test("connections of other shards count, in all", async () => {
  await using setup = await Setup.start();
  new Counters(setup.shared, 1).add("httpConnections", 3);
  for (const hostname of ["a", "b"]) await setup.arrive(hostname);
  assertEquals([setup.connections.length, setup.turnedAway], [1, ["b"]]);
});

Deno.test("a connection that fails is logged, and its place free again", async () => {
  await using setup = await Setup.start();
  for (let time = 0; time < 10; time++) {
    await setup.arrive("a");
    setup.connections.at(-1)!.fail(new TypeError("broken"));
    await until("it is gone", () => setup.counters.total("httpConnections") === 0);
  }
  assertEquals(setup.takeLogged(), Array(10).fill("Cannot serve a:1: TypeError: broken"));
});

Deno.test("sweeping reaches all connections that are there", async () => {
  await using setup = await Setup.start();
  for (const hostname of ["a", "b"]) await setup.arrive(hostname);
  setup.listener.sweep(1);
  setup.connections[0]!.end();
  await until("it is gone", () => setup.counters.total("httpConnections") === 1);
  setup.listener.sweep(2);
  assertEquals(setup.connections.map(({ calls }) => calls), [[1], [1, 2]]);
});

Deno.test("with no descriptor left, those that can be spared are ended, and none for other errors", async () => {
  await using setup = await Setup.start();
  await setup.arrive("a");
  setup.isEachSpared = true;
  for (const hostname of ["b", "c"]) await setup.arrive(hostname);
  setup.fail(new Error("Something else (os error 5)"));
  await until("it is told", () => setup.takeLogged().length === 1);
  assertEquals(setup.counters.total("httpConnections"), 3);
  setup.fail(Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" }));
  await until("they are gone", () => setup.counters.total("httpConnections") === 1);
  assertEquals(setup.connections.map(({ calls }) => calls), [[], ["abort"], ["abort"]]);
  // Whoever wants to come can.
  await setup.arrive("d");
  assertEquals(setup.connections.length, 4);
});

Deno.test("closing stops connections, and ends after the grace those that are left", async () => {
  await using setup = await Setup.start();
  for (const hostname of ["a", "b"]) await setup.arrive(hostname);
  const [quick, stubborn] = setup.connections;
  const closing = setup.close(50);
  quick!.end();
  await closing;
  assertEquals([quick!.calls, stubborn!.calls], [["stop"], ["stop", "abort"]]);
  assertEquals(setup.counters.total("httpConnections"), 0);
});

Deno.test("closing does not wait for the grace when all are gone", async () => {
  await using setup = await Setup.start();
  await setup.arrive("a");
  const closing = setup.close(1_000_000);
  setup.connections[0]!.end();
  await closing;
});

Deno.test("a client that was accepted just before closing is not served", async () => {
  await using setup = await Setup.start();
  setup.offer("late");
  // Its socket is there, and nobody has looked at it yet.
  const closing = setup.close(1_000_000);
  await closing;
  await until("it is turned away", () => setup.turnedAway.length === 1);
  assertEquals([setup.connections, setup.turnedAway], [[], ["late"]]);
});

Deno.test("over sockets: one too many is ended at once, and nobody else", async () => {
  await using setup = await HttpSetup.start(() => ({
    kind: "whole",
    status: 200,
    headers: {},
    body: new Uint8Array(1),
  }), { maxPerAddress: 2 });
  const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  using first = await setup.send(get);
  using second = await setup.send(get);
  await Promise.all([first.response(), second.response()]);
  using third = await setup.connect();
  await third.isEnded();
  await first.send(get);
  assertEquals((await first.response()).status, 200);
  assertEquals(setup.total("httpConnectionsRefused"), 1);
  second.conn.close();
  await until("there is room", () => setup.total("httpConnections") === 1);
  using fourth = await setup.send(get);
  assertEquals((await fourth.response()).status, 200);
  assertEquals(setup.takeLogged(), [
    "127.0.0.1 refused: one address may have up to 2 connections (1 so far)",
  ]);
});

Deno.test("however fast connections come, those that were accepted are heard before more are", async () => {
  const accepted: number[] = [];
  let isClosed = false;
  const counters = new Counters(allocateCounters(1), 0);
  const listener = new ConnectionListener(
    {
      // As one whose queue is never empty: no turn of the thread ends by it.
      accept: () => {
        if (isClosed) return Promise.reject(new Deno.errors.BadResource("closed"));
        const remoteAddr = { transport: "tcp", hostname: "a", port: 1 };
        return Promise.resolve({ remoteAddr, close() {} } as unknown as Deno.TcpConn);
      },
      close: () => isClosed = true,
    },
    {
      protocol: "http",
      places: testPlaces(counters).places.httpConnections,
      counterNames: {
        accepted: "httpConnectionsAccepted",
        refused: "httpConnectionsRefused",
        aborted: "httpConnectionsAborted",
      },
      connect: () => Object.assign(new FakeConnection(), { serve: () => Promise.resolve() }),
    },
    counters,
  );
  const running = listener.run();
  for (let turn = 0; turn < 20; turn++) {
    const before = counters.total("httpConnectionsAccepted");
    await new Promise((resolve) => setTimeout(resolve, 0));
    accepted.push(counters.total("httpConnectionsAccepted") - before);
  }
  await listener.close(0);
  await running;
  assertLess(Math.max(...accepted), 100);
  assertLess(200, counters.total("httpConnectionsAccepted"));
});
