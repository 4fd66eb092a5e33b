import { openMemory } from "../../open_memory.ts";
import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { getLogger } from "@logtape/logtape";
import { HttpError } from "../../../../src/http/http_error.ts";
import { MAX_HEAD_LENGTH } from "../../../../src/http/request_reader.ts";
import type { Place } from "../../../../src/shard/net/places.ts";
import { testPlaces } from "../../shard_settings.ts";
import { allocateCounters, Counters } from "../../../../src/metrics/counters.ts";
import { answer, textAnswer } from "../../../../src/shard/http/routing/answers.ts";
import {
  HttpConnection,
  type HttpConnectionContext,
} from "../../../../src/shard/http/serving/connection.ts";
import { timeSlice } from "../../../../src/shard/time_slice.ts";
import { delay, until } from "../../../../testing/waiting.ts";
import { Body, HttpSetup, TIMEOUTS } from "../setup.ts";

/** A request for a path, or with a method for a path. */
function get(what: string, ...fields: string[]): string {
  const line = what.startsWith("/") ? `GET ${what}` : what;
  return [`${line} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");
}

/** Says what was asked for. */
const echo = () =>
  HttpSetup.start(({ method, target, body }) =>
    answer(200, { "x-target": target }, `${method} ${target} ${new TextDecoder().decode(body)}`)
  );

Deno.test("a connection serves one request after another", async () => {
  await using setup = await echo();
  using client = await setup.connect();
  for (const target of ["/a", "/b", "/c"]) {
    await client.send(get(target));
    const { status, headers, body } = await client.response();
    assertEquals([status, headers.get("x-target"), body], [200, target, `GET ${target} `]);
    assertEquals(headers.has("connection"), false);
    assert(Math.abs(Date.parse(headers.get("date")!) - Date.now()) < 60_000);
  }
  assertEquals(setup.total("httpConnectionsAccepted"), 1);
});

Deno.test("requests that come at once are answered in their order", async () => {
  await using setup = await echo();
  const targets = Array.from({ length: 300 }, (_, at) => `/${at}`);
  using client = await setup.send(targets.map((target) => get(target)).join(""));
  for (const target of targets) {
    assertEquals((await client.response()).body, `GET ${target} `);
  }
});

Deno.test("a request that comes byte by byte, with a body", async () => {
  await using setup = await echo();
  using client = await setup.connect();
  for (const byte of get("POST /a", "Content-Length: 3") + "abc") await client.send(byte);
  assertEquals((await client.response()).body, "POST /a abc");
});

Deno.test("HEAD has the length of the body, and no body", async () => {
  await using setup = await echo();
  using client = await setup.send(get("HEAD /a") + get("/b"));
  const { status, headers } = await client.head();
  assertEquals([status, headers.get("content-length")], [200, "8"]);
  assertEquals((await client.response()).body, "GET /b ");
});

Deno.test("the connection ends when the client wants it so, or cannot say otherwise", async () => {
  await using setup = await echo();
  for (const request of [get("/a", "Connection: close"), "GET /a HTTP/1.0\r\n\r\n"]) {
    // What comes behind it is no request any more.
    using client = await setup.send(request + get("/b"));
    const { headers, body } = await client.response();
    assertEquals([headers.get("connection"), body], ["close", "GET /a "]);
    assertEquals(await client.rest(), "");
  }
  await setup.allGone();
  assertEquals(setup.counted(), {});
});

Deno.test("a client that has nothing more to ask gets its answer", async () => {
  await using setup = await echo();
  using client = await setup.send(get("/a"));
  await client.conn.closeWrite();
  assertEquals((await client.response()).body, "GET /a ");
  assertEquals(await client.rest(), "");
});

Deno.test("a client that waits with its body is told to go on, once", async () => {
  await using setup = await echo();
  const waits = ["Content-Length: 3", "Expect: 100-continue"];
  using client = await setup.send(get("POST /a", ...waits));
  assertEquals((await client.head()).status, 100);
  await client.send("a");
  await until("the first byte has come", () => setup.bytesRead > get("POST /a", ...waits).length);
  await client.send("bc");
  assertEquals((await client.response()).body, "POST /a abc");
  // It did not wait this time.
  await client.send(get("POST /b", ...waits) + "abc");
  assertEquals((await client.response()).body, "POST /b abc");
  // Nor is it told to go on with what it may not send.
  await client.send(get("POST /b", "Content-Length: 9999999", "Expect: 100-continue"));
  assertEquals((await client.response()).status, 413);
});

Deno.test("an answer that fails", async () => {
  await using setup = await HttpSetup.start(({ target }) => {
    if (target === "/refused") throw new HttpError(426, "Cannot", { upgrade: "websocket" });
    if (target.startsWith("/broken")) throw new TypeError("broken");
    return Promise.reject(new HttpError(404, "Nothing"));
  });
  using client = await setup.connect();
  const answers: unknown[] = [];
  for (const target of ["/refused", "/broken?token=secret", "/missing"]) {
    await client.send(get(target));
    const { status, headers, body } = await client.response();
    answers.push([status, headers.get("upgrade"), body]);
  }
  assertEquals(answers, [
    [426, "websocket", "Cannot\n"],
    [500, undefined, "Cannot answer: something is wrong here\n"],
    [404, undefined, "Nothing\n"],
  ]);
  assertEquals(
    setup.takeLogged().map((line) => line.replace(/127\.0\.0\.1:\d+/, "PEER")),
    ["Cannot answer GET /broken of PEER: TypeError: broken"],
  );
});

Deno.test("a bad request is answered, counted, and ends the connection", async () => {
  await using setup = await echo();
  const bad: readonly (readonly [sent: string, status: number])[] = [
    ["\x16\x03\x01\x02\x00\x01\x00", 400],
    ["GET / HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505],
    [get("POST /a", "Content-Length: 1", "Transfer-Encoding: chunked"), 400],
    [get("POST /a", "Transfer-Encoding: gzip"), 501],
    [get("POST /a", "Transfer-Encoding: chunked") + "x\r\n", 400],
    [get("POST /a", "Content-Length: 999999"), 413],
  ];
  for (const [sent, status] of bad) {
    using client = await setup.send(get("/good") + sent + get("/hidden"));
    assertEquals((await client.response()).status, 200);
    const refusal = await client.response();
    assertEquals([refusal.status, refusal.headers.get("connection")], [status, "close"], sent);
    assertEquals(await client.rest(), "", sent);
  }
  await setup.allGone();
  assertEquals(setup.counted(), { httpBadRequests: bad.length });
});

Deno.test("a client that goes on sending gets the answer to its bad request", async () => {
  await using setup = await echo();
  const cases: readonly (readonly [sent: string, status: number])[] = [
    ["\x03", 400],
    [get("POST /", "Content-Length: 1000000"), 413],
    [`GET / HTTP/1.1\r\nA: ${"x".repeat(MAX_HEAD_LENGTH)}`, 431],
    [`GET /${"x".repeat(MAX_HEAD_LENGTH)}`, 414],
  ];
  for (const [sent, status] of cases) {
    using client = await setup.send(sent + "x".repeat(1 << 20));
    await client.send("x".repeat(1 << 20));
    assertEquals((await client.response()).status, status);
    assertEquals(await client.rest(), "");
  }
  await setup.allGone();
  assertGreater(setup.bytesRead, cases.length << 21);
});

Deno.test("a client that lingers on is ended, uncounted", async () => {
  await using setup = await echo();
  using client = await setup.send("\x03");
  await client.response();
  assertEquals(await client.rest(), "");
  setup.sweep(setup.startedMs + 1999);
  assertEquals(setup.total("httpConnections"), 1);
  setup.sweep(performance.now() + 2000);
  await setup.allGone();
  assertEquals(setup.counted(), { httpBadRequests: 1 });
});

Deno.test("a request that does not become whole is ended by its time-out", async () => {
  await using setup = await echo();
  const { httpRequestMs } = TIMEOUTS;
  const begun = ["", "\r\n", "GET /", get("POST /a", "Content-Length: 2") + "a"];
  for (const [at, sent] of begun.entries()) {
    const startedMs = performance.now();
    using client = await setup.send(sent);
    await until("it is there", () => setup.total("httpConnections") === 1);
    setup.sweep(startedMs + httpRequestMs - 1);
    assertEquals(setup.total("httpConnections"), 1);
    setup.sweep(performance.now() + httpRequestMs);
    await client.isEnded();
    await setup.allGone();
    assertEquals(setup.counted(), { httpTimeouts: at + 1 });
  }
});

Deno.test("a connection between two requests has longer, and its next request no more", async () => {
  await using setup = await echo();
  const { httpRequestMs, httpIdleMs } = TIMEOUTS;
  using idle = await setup.send(get("/a"));
  await idle.response();
  setup.sweep(setup.startedMs + httpIdleMs - 1);
  assertEquals(setup.total("httpConnections"), 1);
  setup.sweep(performance.now() + httpIdleMs);
  assertEquals(await idle.rest(), "");
  await setup.allGone();
  assertEquals(setup.counted(), {});

  using slow = await setup.send(get("/a"));
  await slow.response();
  const before = setup.bytesRead;
  await slow.send("GET /");
  await until("it has come", () => setup.bytesRead > before);
  setup.sweep(performance.now() + httpRequestMs);
  await slow.isEnded();
  assertEquals(setup.counted(), { httpTimeouts: 1 });
});

Deno.test("a request that has begun behind another one has no longer than others", async () => {
  await using setup = await echo();
  using client = await setup.send(`${get("/a")}GET /b`);
  await client.response();
  setup.sweep(performance.now() + TIMEOUTS.httpRequestMs);
  await client.isEnded();
  assertEquals(setup.counted(), { httpTimeouts: 1 });
});

Deno.test("a client that takes nothing of a whole response is ended", async () => {
  const body = new Uint8Array(32 << 20);
  await using setup = await HttpSetup.start(() => answer(200, {}, body));
  using client = await setup.send(get("/a"));
  await client.head();
  setup.sweep(setup.startedMs + TIMEOUTS.stallMs - 1);
  assertEquals(setup.total("httpConnections"), 1);
  setup.sweep(performance.now() + TIMEOUTS.stallMs);
  await setup.allGone();
  assertEquals(setup.counted(), { httpTimeouts: 1 });
});

Deno.test("a client that is gone before its answer leaves nothing behind", async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await using setup = await HttpSetup.start(async () => {
    asked.resolve();
    await answered.promise;
    return answer(200, {}, new Uint8Array(8 << 20));
  });
  using client = await setup.send(get("/a"));
  await asked.promise;
  client.conn.close();
  answered.resolve();
  await setup.allGone();
  assertEquals(setup.counted(), {});
});

Deno.test("when the server stops, who waits is ended at once, and who is answered gets it", async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await using setup = await HttpSetup.start(async ({ target }) => {
    if (target === "/slow") {
      asked.resolve();
      await answered.promise;
    }
    return textAnswer(200, target);
  });
  using fresh = await setup.connect();
  using idle = await setup.send(get("/a"));
  using begun = await setup.send("GET /");
  using slow = await setup.send(get("/slow"));
  await idle.response();
  await asked.promise;
  await until("all are there", () => setup.total("httpConnections") === 4);
  const closing = setup.close(60_000);
  await Promise.all([fresh.isEnded(), idle.isEnded(), begun.isEnded()]);
  assertEquals(setup.total("httpConnections"), 1);
  answered.resolve();
  const { headers, body } = await slow.response();
  assertEquals([headers.get("connection"), body], ["close", "/slow\n"]);
  assertEquals(await slow.rest(), "");
  slow.conn.close();
  await closing;
});

Deno.test("when the server stops, a response that is being taken is the connection's last", async () => {
  const length = 32 << 20;
  await using setup = await HttpSetup.start(() => answer(200, {}, new Uint8Array(length)));
  using client = await setup.send(get("/a"));
  await client.head();
  const startedMs = performance.now();
  const closing = setup.close(30_000);
  await client.bytes(length);
  assertEquals(await client.rest(), "");
  client.conn.close();
  await closing;
  assertLess(performance.now() - startedMs, 20_000);
});

Deno.test("whatever a network can do to a connection is no defect, and anything else is one", async () => {
  const { errors } = Deno;
  const lost = [errors.ConnectionReset, errors.BrokenPipe, errors.TimedOut, errors.Interrupted];
  for (const type of [...lost, errors.BadResource, errors.NetworkUnreachable]) {
    await failing(new type("lost")).serve();
  }
  await assertRejects(() => failing(new TypeError("broken")).serve(), TypeError, "broken");
});

Deno.test("a request that comes whole while its connection waits for the thread is answered", async () => {
  const answered = Promise.withResolvers<void>();
  const conn = new ScriptedConn();
  const serving = connection(conn, async () => {
    if (conn.written === "") {
      // So much work that others have the thread before it.
      for (const sinceMs = performance.now(); performance.now() < sinceMs + 30;);
      await answered.promise;
    }
    return textAnswer(200, "");
  }).serve();
  await conn.give(get("/a"));
  // It reads on while it answers.
  await until("it is read again", () => conn.reads === 2);
  conn.onAnswered = () => {
    timeSlice.charge(10, true);
    // For these it waits one slice each.
    for (let others = 20; others > 0; others--) timeSlice.queue(() => {}, true);
    setTimeout(() => conn.give(get("/b")));
  };
  answered.resolve();
  await until("both are answered", () => conn.written.split("200 OK").length === 3);
  await conn.give(null);
  await serving;
});

Deno.test("who leaves before it is answered leaves its place without waiting for that", async () => {
  const body = new Body();
  const answered = Promise.withResolvers<void>();
  await using setup = await HttpSetup.start(async () => {
    await answered.promise;
    return body.response;
  }, { max: 2 });
  for (let at = 0; at < 2; at++) {
    using _client = await setup.send(get("/a"));
    await until("it is asked about", () => setup.bytesRead > 0);
  }
  await until("it is noticed, and there is room again", () => {
    setup.sweep(performance.now() + 1000);
    return setup.total("httpConnections") === 0;
  });
  using _later = await setup.connect();
  await until("another one has come", () => setup.total("httpConnections") === 1);
  answered.resolve();
  await until("what was answered to them is over", () => body.overs === 2);
});

Deno.test("who only ends its side is answered, though that takes a while", async () => {
  const answered = Promise.withResolvers<void>();
  await using setup = await HttpSetup.start(async () => {
    await answered.promise;
    return textAnswer(200, "late");
  });
  using client = await setup.send(get("/a"));
  await client.conn.closeWrite();
  await until("it is read", () => setup.bytesRead > 0);
  await delay(50);
  setup.sweep(performance.now() + 500);
  answered.resolve();
  assertEquals((await client.response()).body, "late\n");
});

/** What a connection reads comes when a test says so. */
class ScriptedConn {
  readonly #given: (Uint8Array | null)[] = [];
  #taken: ((piece: Uint8Array | null) => void) | undefined;
  reads = 0;
  written = "";
  /** Called once when something is written, before the connection goes on. */
  onAnswered: (() => void) | undefined;

  get remoteAddr() {
    if (this.written !== "") this.onAnswered?.();
    if (this.written !== "") this.onAnswered = undefined;
    return { hostname: "192.0.2.1" };
  }

  async give(text: string | null): Promise<void> {
    const piece = text === null ? null : new TextEncoder().encode(text);
    if (this.#taken === undefined) this.#given.push(piece);
    else this.#taken(piece);
    await undefined;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    this.reads++;
    const piece = this.#given.length > 0
      ? this.#given.shift()!
      : await new Promise<Uint8Array | null>((resolve) => this.#taken = resolve);
    this.#taken = undefined;
    if (piece === null) return null;
    buffer.set(piece);
    return piece.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.written += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  }

  setNoDelay(): void {}
  close(): void {}
}

/** A connection whose first read fails. */
function failing(error: Error): HttpConnection {
  const remoteAddr = { hostname: "127.0.0.1" };
  const conn = { remoteAddr, setNoDelay() {}, close() {}, read: () => Promise.reject(error) };
  return connection(conn, () => textAnswer(200, ""));
}

function connection(
  conn: object,
  answer: HttpConnectionContext["answer"],
): HttpConnection {
  const counters = new Counters(allocateCounters(1), 0);
  const memory = openMemory();
  const { places, proxies } = testPlaces(counters);
  const place = places.httpConnections.take("192.0.2.1") as Place;
  const context = { counters, memory, timeouts: TIMEOUTS, proxies, answer };
  const log = getLogger(["sluice", "http"]);
  return new HttpConnection(conn as unknown as Deno.TcpConn, context, 0, {
    isProxied: false,
    id: "0-a",
    isSecure: false,
    place,
    log,
  });
}
