import { assert, assertEquals, assertMatch } from "@std/assert";
import type { PeerConn } from "../../../src/shard/net/connection_listener.ts";
import { mutate, seededRandom } from "../../../testing/mutation.ts";
import { recordClientHello } from "../../tls/client_hello.ts";
import { until } from "../../../testing/waiting.ts";
import { settled } from "../http/setup.ts";
import { endOf, HANDSHAKE_MS, TlsSetup } from "./tls_setup.ts";

const encoder = new TextEncoder();
const CLIENT_HELLO = await recordClientHello();

/** Sends back what comes, until the end. */
async function echo(conn: PeerConn): Promise<void> {
  const buffer = new Uint8Array(5000);
  for (;;) {
    const length = await conn.read(buffer);
    if (length === null) return await conn.closeWrite();
    await writeAll(conn, buffer.subarray(0, length));
  }
}

async function writeAll(conn: Pick<Deno.Conn, "write">, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

Deno.test("a connection over TLS carries bytes both ways, and both ends", async () => {
  await using setup = await TlsSetup.start(echo);
  const client = await setup.connect();
  assertEquals(await client.handshake(), { alpnProtocol: "http/1.1" });
  // More than records, writes and buffers hold.
  const sent = crypto.getRandomValues(new Uint8Array(60_000));
  const received = new Uint8Array(20 * sent.length);
  let at = 0;
  const reading = (async () => {
    for (;;) {
      const length = await client.read(received.subarray(at));
      if (length === null || (at += length) === received.length) return;
    }
  })();
  for (let round = 0; round < 20; round++) await writeAll(client, sent);
  await reading;
  for (let round = 0; round < 20; round++) {
    assertEquals(received.subarray(round * sent.length, (round + 1) * sent.length), sent);
  }
  await client.closeWrite();
  assertEquals(await client.read(new Uint8Array(1)), null);
  client.close();
  await setup.allGone();
  assertEquals(setup.handshakes(), [1, 0, 0]);
});

Deno.test("a client that knows no protocol of ours is refused; one that names none is not", async () => {
  await using setup = await TlsSetup.start(echo);
  using client = await setup.connect([]);
  assertEquals(await client.handshake(), { alpnProtocol: null });
  using other = await setup.connect(["h2"]);
  await other.handshake().then(() => assert(false, "h2 was negotiated"), () => {});
  await until("it is counted", () => setup.total("tlsHandshakesFailed") === 1);
  assertMatch(
    setup.takeLogged().join(),
    /the TLS handshake failed: .*known protocol \(1 so far\)$/,
  );
});

Deno.test("a client's time for its handshake is limited, and then its socket is closed", async () => {
  await using setup = await TlsSetup.start(echo);
  const parts = [0, 1, 5, 6, 60, CLIENT_HELLO.length - 1, CLIENT_HELLO.length];
  const clients = await Promise.all(parts.map(async (length) => {
    const conn = await setup.connectPlain();
    await writeAll(conn, CLIENT_HELLO.subarray(0, length));
    return conn;
  }));
  const sent = parts.reduce((sum, length) => sum + length);
  await until("all is read", () => setup.bytesRead === sent);
  const dueMs = performance.now() + HANDSHAKE_MS;
  setup.sweep(setup.startedMs + HANDSHAKE_MS - 1);
  assertEquals([setup.total("httpConnections"), setup.total("tlsTimeouts")], [parts.length, 0]);
  setup.sweep(dueMs);
  setup.sweep(dueMs + 1);
  assertEquals(setup.handshakes(), [0, 0, parts.length]);
  for (const client of clients) {
    // Deno.TlsConn would leave it open until the client ends it.
    await endOf(client);
    client.close();
  }
  await setup.allGone();
  assertEquals(setup.handshakes(), [0, 0, parts.length]);
  assertMatch(
    setup.takeLogged().join(),
    /^127\.0\.0\.1:\d+ closed: no TLS handshake in time \(1 so far\)$/,
  );
});

Deno.test("stalled handshakes keep nobody out", async () => {
  await using setup = await TlsSetup.start(echo);
  const stalled = await Promise.all(Array.from({ length: 50 }, async () => {
    const conn = await setup.connectPlain();
    await writeAll(conn, CLIENT_HELLO.subarray(0, 100));
    return conn;
  }));
  using client = await setup.connect();
  await client.handshake();
  assertEquals(setup.total("httpConnections"), 51);
  for (const conn of stalled) conn.close();
  await until("they are gone", () => setup.total("httpConnections") === 1);
  setup.takeLogged();
});

const STRANGERS: readonly (readonly [name: string, bytes: Uint8Array, log: RegExp])[] = [
  [
    "plain RTMP",
    new Uint8Array(1537).fill(3),
    /does not speak TLS: what it sent is plain RTMP \(1/,
  ],
  ["plain HTTP", encoder.encode("GET / HTTP/1.1\r\n\r\n"), /what it sent is plain HTTP \(1 so far/],
  ["noise", new Uint8Array(300).fill(0x80), /what it sent is something else \(1 so far\)/],
  [
    "a record of nothing that TLS has",
    Uint8Array.of(0x16, 3, 1, 0, 5, 9, 9, 9, 9, 9),
    /the TLS handshake failed: .* \(1 so far\)/,
  ],
  ["a record that is too long", Uint8Array.of(0x16, 3, 1, 0xff, 0xff, 1), /handshake failed: /],
];

for (const [name, bytes, log] of STRANGERS) {
  Deno.test(`what is no TLS is counted, logged and closed: ${name}`, async () => {
    await using setup = await TlsSetup.start(echo);
    const client = await setup.connectPlain();
    await writeAll(client, bytes);
    assertEquals(await endOf(client), 0);
    client.close();
    await setup.allGone();
    assertEquals(setup.handshakes(), [0, 1, 0]);
    assertMatch(setup.takeLogged().join(), log);
  });
}

Deno.test("plain HTTP is told what the port is for; plain RTMP could not read it", async () => {
  const plainAnswer = encoder.encode("HTTP/1.1 400 Bad Request\r\n\r\n");
  await using setup = await TlsSetup.start(echo, plainAnswer);
  for (
    const [text, length] of [["HEAD / HTTP/1.0\r\n\r\n", plainAnswer.length], ["\x03", 0]] as const
  ) {
    const client = await setup.connectPlain();
    await writeAll(client, encoder.encode(text));
    assertEquals(await endOf(client), length);
    client.close();
  }
  setup.takeLogged();
});

Deno.test("who only looks whether the port is open is no failure", async () => {
  await using setup = await TlsSetup.start(echo);
  (await setup.connectPlain()).close();
  await until("it was there", () => setup.total("httpConnectionsAccepted") === 1);
  await setup.allGone();
  assertEquals(setup.handshakes(), [0, 0, 0]);
});

Deno.test("a client that ends within its handshake is a failure, and gone", async () => {
  await using setup = await TlsSetup.start(echo);
  const client = await setup.connectPlain();
  await writeAll(client, CLIENT_HELLO.subarray(0, 50));
  await until("it is read", () => setup.bytesRead === 50);
  client.close();
  await setup.allGone();
  assertEquals(setup.handshakes(), [0, 1, 0]);
  assertMatch(
    setup.takeLogged().join(),
    /handshake failed: the peer ended the handshake \(1 so far/,
  );
});

Deno.test("a client that takes nothing is ended by its server", async () => {
  const conns: PeerConn[] = [];
  let written = 0;
  await using setup = await TlsSetup.start(async (conn) => {
    conns.push(conn);
    for (;;) written += await conn.write(new Uint8Array(100_000));
  });
  const client = await setup.connect();
  await client.handshake();
  await settled("what is written", () => written);
  assert(written < 16_000_000, `${written} bytes are held for a client that takes nothing`);
  conns[0]!.close();
  await setup.allGone();
  assert(await endOf(client) <= written + 100_000);
  client.close();
});

Deno.test("nothing is read of a client that nobody listens to", async () => {
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  await using setup = await TlsSetup.start(() => isOver);
  const client = await setup.connect();
  await client.handshake();
  const flooding = (async () => {
    for (;;) await client.write(new Uint8Array(65_536));
  })().catch(() => {});
  const taken = await settled("what is read", () => setup.bytesRead);
  assert(taken < 100_000, `${taken} bytes are held that nobody has asked for`);
  end();
  await setup.allGone();
  client.close();
  await flooding;
});

Deno.test("the server stops: handshakes that go on are ended", async () => {
  await using setup = await TlsSetup.start(echo);
  const clients = await Promise.all([0, 100].map(async (length) => {
    const conn = await setup.connectPlain();
    await writeAll(conn, CLIENT_HELLO.subarray(0, length));
    return conn;
  }));
  await until("both are there", () => setup.bytesRead === 100);
  await setup.close(60_000);
  for (const client of clients) {
    assertEquals(await endOf(client), 0);
    client.close();
  }
  assertEquals(setup.handshakes(), [0, 0, 0]);
});

Deno.test("mutated handshakes fail one by one, and nothing escapes", async () => {
  await using setup = await TlsSetup.start(echo);
  const random = seededRandom(7);
  for (let round = 0; round < 300; round++) {
    const client = await setup.connectPlain();
    await writeAll(client, mutate(CLIENT_HELLO, random)).catch(() => {});
    // What comes behind it is no TLS in any case.
    await writeAll(client, new Uint8Array(50).fill(round)).catch(() => {});
    await client.closeWrite().catch(() => {});
    await endOf(client);
    client.close();
  }
  await setup.allGone();
  const [done, failed] = setup.handshakes();
  assertEquals(done, 0);
  // Some mutations are empty.
  assert(failed! > 280, `${failed}`);
  setup.takeLogged();
});
