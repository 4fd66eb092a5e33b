import { assert } from "@std/assert";
import type { PeerConn } from "../../../src/shard/net/connection_listener.ts";
import { mutate, seededRandom } from "../../../testing/mutation.ts";
import { CERTIFICATE, TlsSetup } from "./tls_setup.ts";

const ROUNDS = 80;

/** How long a client waits for an answer that may have been spoilt. */
const PATIENCE_MS = 100;

/** Sends back what comes, until the end. */
async function echo(conn: PeerConn): Promise<void> {
  const buffer = new Uint8Array(500);
  try {
    for (;;) {
      const length = await conn.read(buffer);
      if (length === null) return await conn.closeWrite();
      await conn.write(buffer.subarray(0, length));
    }
  } catch (error) {
    // What is spoilt once the handshake is done ends the connection as a lost one.
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}

/** Between a client and the server: changes one of the pieces that the client sends. */
class SpoilingProxy implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #conns: Deno.TcpConn[] = [];
  readonly done: Promise<unknown>;

  constructor(serverPort: number, spoiledPiece: number, random: () => number) {
    this.done = (async () => {
      const client = await this.#listener.accept();
      const server = await Deno.connect({ hostname: "127.0.0.1", port: serverPort });
      this.#conns.push(client, server);
      let piece = 0;
      const spoil = (bytes: Uint8Array) => piece++ === spoiledPiece ? mutate(bytes, random) : bytes;
      await Promise.all([pass(client, server, spoil), pass(server, client, (bytes) => bytes)]);
    })().catch(() => {});
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const conn of this.#conns) conn.close();
  }
}

async function pass(
  from: Deno.Conn,
  to: Deno.Conn,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (;;) {
    const length = await from.read(buffer);
    if (length === null) return await to.closeWrite();
    for (let rest = change(buffer.subarray(0, length)); rest.length > 0;) {
      rest = rest.subarray(await to.write(rest));
    }
  }
}

/** Shakes hands, asks three times, ends. */
async function converse(conn: Deno.TcpConn): Promise<void> {
  const client = await Deno.startTls(conn, {
    hostname: "localhost",
    caCerts: [CERTIFICATE.certificate],
  });
  try {
    for (let round = 0; round < 3; round++) {
      await client.write(new Uint8Array(100));
      await client.read(new Uint8Array(100));
    }
    await client.closeWrite();
  } finally {
    client.close();
  }
}

Deno.test({
  name: "sessions that are spoilt at any point end, and nothing escapes",
  // Deno.TlsConn, which is the client here, goes on after it was closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using setup = await TlsSetup.start(echo);
    const random = seededRandom(11);
    for (let round = 0; round < ROUNDS; round++) {
      using proxy = new SpoilingProxy(setup.port, round % 6, random);
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
      const conversing = converse(conn).catch(() => {});
      await Promise.race([
        conversing,
        new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
      ]);
    }
    await setup.allGone();
    const [done, failed] = setup.handshakes();
    assert(done! > ROUNDS / 4 && failed! > ROUNDS / 10, `${done} done, ${failed} failed`);
    setup.takeLogged();
  },
});
