import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { textAnswer } from "../../../../src/shard/http/routing/answers.ts";
import { until } from "../../../../testing/waiting.ts";
import { Body, HttpSetup, settled, TIMEOUTS } from "../setup.ts";

const GET = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const PIECE = new Uint8Array(32 << 10);

/** Answers with these bodies, one after another, and then with a text. */
function streams(...bodies: Body[]): Promise<HttpSetup> {
  const left = [...bodies];
  return HttpSetup.start(() => left.shift()?.response ?? textAnswer(200, "text"));
}

Deno.test("a stream is sent piece by piece to its end, and another request may follow", async () => {
  const bodies = [new Body(), new Body()];
  await using setup = await streams(...bodies);
  using client = await setup.connect();
  for (const body of bodies) {
    await client.send(GET);
    const { status, headers } = await client.head();
    assertEquals([status, headers.get("transfer-encoding")], [200, "chunked"]);
    assertEquals(headers.has("content-length"), false);
    for (const piece of ["a", "b".repeat(100_000), "\r\n0\r\n\r\n"]) {
      body.push(piece);
      assertEquals(await client.chunk(), piece);
    }
    assertEquals(body.overs, 0);
    body.end();
    assertEquals(await client.chunk(), "");
    await body.isOver();
    assertEquals(body.cancels, 0);
  }
  await client.send(GET);
  assertEquals((await client.response()).body, "text\n");
  assertEquals(setup.total("httpConnectionsAccepted"), 1);
});

Deno.test("requests that come during a stream are answered behind it", async () => {
  const body = new Body();
  await using setup = await streams(body);
  using client = await setup.send(GET);
  await client.head();
  await client.send(GET + GET + GET.slice(0, 10));
  body.push("a");
  assertEquals(await client.chunk(), "a");
  body.end();
  assertEquals(await client.chunk(), "");
  for (let time = 0; time < 3; time++) {
    assertEquals((await client.response()).body, "text\n");
    if (time === 1) await client.send(GET.slice(10));
  }
});

Deno.test("what a client sends ahead during a stream is read no further than needed", async () => {
  const body = new Body();
  await using setup = await streams(body);
  using client = await setup.send(GET);
  await client.head();
  const sending = client.send("x".repeat(32 << 20)).catch(() => {});
  const bytesRead = await settled("what is read", () => setup.bytesRead);
  assertLess(bytesRead, 20 << 10);
  body.push("a");
  assertEquals(await client.chunk(), "a");
  client.conn.close();
  await sending;
  body.push("a");
  await until("the client is found to be gone", () => {
    if (body.overs === 0 && body.pulls > 0) body.push("a");
    return body.overs > 0;
  });
  await body.isOver();
});

Deno.test("HTTP/1.0: a stream ends with its connection", async () => {
  const body = new Body();
  await using setup = await streams(body);
  using client = await setup.send("GET /a HTTP/1.0\r\n\r\n");
  const { headers } = await client.head();
  assertEquals(headers.get("connection"), "close");
  assertEquals(headers.has("transfer-encoding"), false);
  body.push("abc");
  body.push("def");
  body.end();
  assertEquals(await client.rest(), "abcdef");
  await body.isOver();
});

Deno.test("Connection: close with a stream: chunks, and then the end", async () => {
  const body = new Body();
  await using setup = await streams(body);
  using client = await setup.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET);
  assertEquals((await client.head()).headers.get("connection"), "close");
  body.push("a");
  body.end();
  assertEquals(await client.rest(), "1\r\na\r\n0\r\n\r\n");
});

Deno.test("HEAD of a stream: its head, and the stream is given up", async () => {
  const body = new Body();
  await using setup = await streams(body);
  using client = await setup.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" + GET);
  assertEquals((await client.head()).headers.get("transfer-encoding"), "chunked");
  assertEquals((await client.response()).body, "text\n");
  await body.isOver();
  assertEquals([body.cancels, body.pulls], [1, 0]);
});

Deno.test("a client that leaves during a stream is noticed though nothing is sent", async () => {
  for (const leave of ["close", "closeWrite"] as const) {
    const body = new Body();
    await using setup = await streams(body);
    using client = await setup.send(GET);
    await client.head();
    await client.conn[leave]();
    await body.isOver();
    assertEquals(body.cancels, 1);
    await setup.allGone();
    assertEquals(setup.counted(), {});
  }
});

Deno.test("a client that leaves in the middle of a piece", async () => {
  const body = new Body(PIECE);
  await using setup = await streams(body);
  using client = await setup.send(GET);
  await client.bytes(1 << 20);
  client.conn.close();
  await body.isOver();
  assertEquals(body.cancels, 1);
  await setup.allGone();
  assertEquals(setup.counted(), {});
});

Deno.test("a client that takes nothing is asked nothing more, and ended in time", async () => {
  const body = new Body(PIECE);
  await using setup = await streams(body);
  using client = await setup.send(GET);
  const pulls = await settled("the number of pulls", () => body.pulls);
  assertLess(pulls * PIECE.length, 32 << 20);
  setup.sweep(setup.startedMs + TIMEOUTS.stallMs - 1);
  assertEquals([setup.total("httpConnections"), body.overs], [1, 0]);
  setup.sweep(performance.now() + TIMEOUTS.stallMs);
  await body.isOver();
  assertEquals(body.cancels, 1);
  await setup.allGone();
  assertEquals(setup.counted(), { viewersStalled: 1 });
  await client.isEnded();
});

Deno.test("a client that takes all it can is not ended, however late it is", async () => {
  const body = new Body();
  await using setup = await streams(body);
  using client = await setup.send(GET);
  await client.head();
  body.push(PIECE);
  await client.chunk();
  await until("the next piece is asked for", () => body.pulls === 2);
  setup.sweep(performance.now() + 1e9);
  body.push("a");
  assertEquals(await client.chunk(), "a");
  assertEquals(setup.counted(), {});
});

Deno.test("a stream that breaks ends its connection, and is logged", async () => {
  const body = new Body();
  await using setup = await streams(body);
  using client = await setup.send(GET);
  await client.head();
  body.push("a");
  assertEquals(await client.chunk(), "a");
  body.fail(new TypeError("broken"));
  await client.isEnded();
  await body.isOver();
  await setup.allGone();
  const [logged, ...others] = setup.takeLogged();
  assertMatch(logged!, /^Cannot serve 127\.0\.0\.1:\d+: TypeError: broken$/);
  assertEquals(others, []);
});

Deno.test("an answer that comes when its client has been ended is given up", async () => {
  const body = new Body();
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await using setup = await HttpSetup.start(async () => {
    asked.resolve();
    await answered.promise;
    return body.response;
  });
  using client = await setup.send(GET);
  await asked.promise;
  const closing = setup.close(0);
  await client.isEnded();
  answered.resolve();
  await closing;
  await body.isOver();
  assertEquals(body.cancels, 1);
});

Deno.test("when the server stops, a stream that ends within the grace is whole", async () => {
  const body = new Body();
  await using setup = await streams(body);
  using client = await setup.send(GET);
  await client.head();
  const closing = setup.close(60_000);
  body.push("last");
  assertEquals(await client.chunk(), "last");
  body.end();
  assertEquals(await client.rest(), "0\r\n\r\n");
  client.conn.close();
  await closing;
  await body.isOver();
  assertEquals(body.cancels, 0);
});

Deno.test("when the server stops, a stalled stream is ended after the grace", async () => {
  const stalled = new Body(PIECE);
  const silent = new Body();
  await using setup = await streams(stalled, silent);
  using one = await setup.send(GET);
  await settled("the number of pulls", () => stalled.pulls);
  using other = await setup.send(GET);
  await other.head();
  const startedMs = performance.now();
  await setup.close(300);
  assert(performance.now() - startedMs >= 299, "there was no grace");
  await Promise.all([stalled.isOver(), silent.isOver()]);
  assertEquals([stalled.cancels, silent.cancels], [1, 1]);
  await Promise.all([one.isEnded(), other.isEnded()]);
});
