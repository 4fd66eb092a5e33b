import { assertEquals, assertRejects } from "@std/assert";
import { type QuicPeer, QuicSource } from "../../../src/shard/webtransport/quic_source.ts";
import { createSelfSigned } from "../../../src/tls/self_signed.ts";
import { connectQuic } from "../../../testing/http3/session_client.ts";

const HERE = { hostname: "127.0.0.1", port: 0 };
const RENEWALS = 20;
const BROKEN_PACKETS = 60;

function makeCertificate() {
  return createSelfSigned({
    names: ["localhost"],
    notBeforeMs: Date.now() - 3_600_000,
    notAfterMs: Date.now() + 3_600_000,
    serialNumber: crypto.getRandomValues(new Uint8Array(16)),
  });
}

/** Accepts all that come, for as long as it listens. */
async function acceptAll(source: QuicSource, peers: QuicPeer[]): Promise<void> {
  for (;;) {
    try {
      const peer = await source.accept();
      peer.conn.closed.catch(() => {});
      peers.push(peer);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionAborted)) return;
    }
  }
}

Deno.test("QuicSource: connections go on when the certificate is renewed, and new ones are shown the new one", async () => {
  const first = makeCertificate();
  const source = new QuicSource(HERE, first);
  const { port } = source;
  const peers: QuicPeer[] = [];
  const accepting = acceptAll(source, peers);
  using early = ending(await connectQuic({ port, certificate: first.certificate }));
  let newest = first;
  for (let renewal = 0; renewal < RENEWALS; renewal++) {
    newest = makeCertificate();
    source.renew(newest);
    using _late = ending(await connectQuic({ port, certificate: newest.certificate }));
    await assertRejects(() => connectQuic({ port, certificate: first.certificate }));
  }
  // It works in both directions.
  const sent = (await early.conn.createUnidirectionalStream()).getWriter();
  await sent.write(Uint8Array.of(7));
  const { value: stream } = await peers[0]!.conn.incomingUnidirectionalStreams.getReader().read();
  assertEquals((await stream!.getReader().read()).value, Uint8Array.of(7));
  const answer = (await peers[0]!.conn.createUnidirectionalStream()).getWriter();
  await answer.write(Uint8Array.of(8));
  const { value: back } = await early.conn.incomingUnidirectionalStreams.getReader().read();
  assertEquals((await back!.getReader().read()).value, Uint8Array.of(8));
  source.close();
  source.end();
  await accepting;
  await early.conn.closed.catch(() => {});
});

/** An Initial packet (RFC 9000 17.2.2) whose content is none. */
function brokenInitial(): Uint8Array<ArrayBuffer> {
  const packet = crypto.getRandomValues(new Uint8Array(1200));
  // Long header, version 1, identifiers of 8 bytes, no token, and the length of the rest.
  packet.set([0xc3, 0, 0, 0, 1, 8]);
  packet[14] = 8;
  packet.set([0, 0x44, 0x96], 23);
  return packet;
}

Deno.test("QuicSource: a first packet that is broken is a connection that was lost, and others come", async () => {
  const certificate = makeCertificate();
  const source = new QuicSource(HERE, certificate);
  const { port } = source;
  const garbage = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  // Three of four are not even told of: two bits of theirs must be none.
  for (let at = 0; at < BROKEN_PACKETS; at++) {
    await garbage.send(brokenInitial(), { transport: "udp", hostname: "127.0.0.1", port });
  }
  // A listener goes on at once after this one.
  await assertRejects(() => source.accept(), Deno.errors.ConnectionAborted);
  garbage.close();
  const peers: QuicPeer[] = [];
  const accepting = acceptAll(source, peers);
  using client = ending(await connectQuic({ port, certificate: certificate.certificate }));
  assertEquals(peers.length, 1);
  source.close();
  source.end();
  await Promise.all([accepting, client.conn.closed.catch(() => {})]);
});

function ending(conn: Deno.QuicConn) {
  conn.closed.catch(() => {});
  return {
    conn,
    [Symbol.dispose]: () => conn.close({ closeCode: 0x100, reason: "" }),
  };
}
