import { assertEquals, assertLess } from "@std/assert";
import { concat } from "@std/bytes/concat";
import {
  acceptWebSocket,
  asksForWebSocket,
  CloseCode,
  Opcode,
} from "../../../../src/http/websocket.ts";
import { bytesOf } from "../../../http/errors.ts";
import { clientFrame } from "../../../http/websocket_frames.ts";
import { until } from "../../../../testing/waiting.ts";
import type { HttpClient } from "../client.ts";
import { Body, HttpSetup, settled, TIMEOUTS } from "../setup.ts";

const GET = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const HANDSHAKE = "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const CLOSE = clientFrame({ opcode: Opcode.close, payload: Uint8Array.of(3, 0xe8) });

/** Answers with these bodies, one after another: as WebSockets if it is asked for them. */
function sockets(...bodies: Body[]): Promise<HttpSetup> {
  const left = [...bodies];
  return HttpSetup.start((request) => {
    const body = left.shift()!;
    return asksForWebSocket(request) ? body.webSocket(acceptWebSocket(request)) : body.response;
  });
}

async function open(setup: HttpSetup): Promise<HttpClient> {
  const client = await setup.send(HANDSHAKE);
  const { status, headers } = await client.head();
  assertEquals(status, 101);
  assertEquals(headers.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  return client;
}

/** The server closes with a code, and says nothing behind it. */
async function isClosed(client: HttpClient, code: number): Promise<void> {
  const { opcode, payload } = await client.frame();
  assertEquals([opcode, payload], [Opcode.close, Uint8Array.of(code >> 8, code & 0xff)]);
  assertEquals(await client.rest(), "");
}

Deno.test("each piece of a stream is one message", async () => {
  const body = new Body();
  await using setup = await sockets(body);
  using client = await open(setup);
  for (const length of [1, 125, 126, 65535, 65536, 300_000]) {
    const payload = new Uint8Array(length).fill(length);
    body.push(payload);
    assertEquals(await client.frame(), { opcode: Opcode.binary, payload });
  }
  assertEquals(body.overs, 0);
});

Deno.test("what a client says is read over, and does not end it", async () => {
  const body = new Body();
  await using setup = await sockets(body);
  using client = await open(setup);
  for (let time = 0; time < 1000; time++) {
    await client.send(clientFrame({ opcode: Opcode.text, payload: "x".repeat(1000) }));
    await client.send(clientFrame({ opcode: Opcode.pong }));
  }
  await until("all is read", () => setup.bytesRead > 1_000_000);
  body.push("a");
  assertEquals((await client.frame()).opcode, Opcode.binary);
});

Deno.test("pings are answered, also between the parts of a message", async () => {
  const body = new Body();
  await using setup = await sockets(body);
  using client = await open(setup);
  const payload = new TextEncoder().encode("ping");
  const parts = [
    clientFrame({ opcode: Opcode.text, continues: true }),
    clientFrame({ opcode: Opcode.ping, payload }),
    clientFrame({ opcode: Opcode.continuation }),
  ];
  for (const part of parts) await client.send(part);
  assertEquals(await client.frame(), { opcode: Opcode.pong, payload });
});

Deno.test("a ping that comes while a message is written is answered behind the message", async () => {
  const body = new Body();
  await using setup = await sockets(body);
  using client = await open(setup);
  const message = new Uint8Array(32 << 20).fill(7);
  body.push(message);
  // The first of it has come, and the rest does not fit into the buffers between.
  const before = setup.bytesRead;
  await client.bytes(1);
  const ping = clientFrame({ opcode: Opcode.ping, payload: "ping" });
  await client.send(ping);
  await until("the ping is read", () => setup.bytesRead === before + ping.length);
  body.push("next");
  assertEquals(await client.bytes(9), Uint8Array.of(127, 0, 0, 0, 0, 2, 0, 0, 0));
  assertEquals(await client.bytes(message.length), message);
  assertEquals((await client.frame()).opcode, Opcode.pong);
  assertEquals((await client.frame()).opcode, Opcode.binary);
});

Deno.test("a client that closes is answered, and its stream given up", async () => {
  const body = new Body();
  await using setup = await sockets(body);
  using client = await open(setup);
  await client.send(CLOSE);
  await isClosed(client, CloseCode.normal);
  await body.isOver();
  assertEquals(body.cancels, 1);
  client.conn.close();
  await setup.allGone();
  assertEquals(setup.counted(), {});
});

Deno.test("a stream that ends closes the WebSocket behind its last message", async () => {
  const body = new Body();
  await using setup = await sockets(body);
  using client = await open(setup);
  body.push("last");
  body.end();
  assertEquals((await client.frame()).opcode, Opcode.binary);
  await isClosed(client, CloseCode.normal);
  await client.send(clientFrame({ opcode: Opcode.ping }));
  await client.send(CLOSE);
  client.conn.close();
  await body.isOver();
  assertEquals(body.cancels, 0);
  await setup.allGone();
  assertEquals(setup.counted(), {});
});

Deno.test("a client that breaks the rules is told so", async () => {
  const broken: readonly (readonly [sent: Uint8Array<ArrayBuffer>, code: number])[] = [
    [crypto.getRandomValues(new Uint8Array(5000)).fill(0x7f, 0, 2), CloseCode.protocolError],
    [clientFrame({ opcode: Opcode.text, unmasked: true }), CloseCode.protocolError],
    [clientFrame({ opcode: Opcode.continuation }), CloseCode.protocolError],
    [clientFrame({ opcode: Opcode.text, payload: new Uint8Array(1 << 20) }), CloseCode.tooBig],
  ];
  for (const [sent, code] of broken) {
    const body = new Body();
    await using setup = await sockets(body);
    using client = await open(setup);
    await client.send(sent);
    await isClosed(client, code);
    await body.isOver();
    assertEquals(body.cancels, 1);
    client.conn.close();
    await setup.allGone();
  }
});

Deno.test("a client that is gone without a word leaves nothing behind", async () => {
  const body = new Body();
  await using setup = await sockets(body);
  using client = await open(setup);
  client.conn.close();
  await body.isOver();
  assertEquals(body.cancels, 1);
  await setup.allGone();
  assertEquals(setup.counted(), {});
});

Deno.test("a client that speaks before it is answered is ended", async () => {
  const body = new Body();
  await using setup = await sockets(body);
  using client = await setup.connect();
  await client.send(concat([bytesOf(HANDSHAKE), clientFrame({ opcode: Opcode.ping })]));
  assertEquals(await client.rest(), "");
  await body.isOver();
});

Deno.test("a client that takes nothing is ended in time", async () => {
  const body = new Body(new Uint8Array(32 << 10));
  await using setup = await sockets(body);
  using client = await open(setup);
  await settled("the number of pulls", () => body.pulls);
  setup.sweep(setup.startedMs + TIMEOUTS.stallMs - 1);
  assertEquals([setup.total("httpConnections"), body.overs], [1, 0]);
  setup.sweep(performance.now() + TIMEOUTS.stallMs);
  await body.isOver();
  await setup.allGone();
  assertEquals(setup.counted(), { viewersStalled: 1 });
  await client.isEnded();
});

Deno.test("a client that takes no pongs is read no further", async () => {
  const pings = new Uint8Array((64 << 20) / 131 * 131);
  const ping = clientFrame({ opcode: Opcode.ping, payload: new Uint8Array(125) });
  for (let at = 0; at + ping.length <= pings.length; at += ping.length) pings.set(ping, at);
  // The WebSocket as a connection's first answer, and behind a stream, of which a read is left.
  for (const requests of [HANDSHAKE, GET + HANDSHAKE]) {
    const bodies = [new Body(), new Body()].slice(requests === HANDSHAKE ? 1 : 0);
    await using setup = await sockets(...bodies);
    using client = await setup.send(requests);
    if (bodies.length === 2) {
      await client.head();
      await until("the stream is waited for", () => bodies[0]!.pulls === 1);
      bodies[0]!.end();
      assertEquals(await client.chunk(), "");
    }
    assertEquals((await client.head()).status, 101);
    const sending = client.send(pings).catch(() => {});
    const bytesRead = await settled("what is read", () => setup.bytesRead);
    assertLess(bytesRead, pings.length / 2);
    await setup.close(0);
    await sending;
    for (const body of bodies) await body.isOver();
  }
});

Deno.test("when the server stops, a WebSocket is ended after the grace", async () => {
  const body = new Body();
  await using setup = await sockets(body);
  using client = await open(setup);
  await setup.close(50);
  await body.isOver();
  assertEquals(body.cancels, 1);
  await client.isEnded();
});
