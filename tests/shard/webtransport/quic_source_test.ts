import { assertEquals, assertRejects } from "@std/assert";
import { type QuicPeer, QuicSource } from "../../../src/shard/webtransport/quic_source.ts";
import { createSelfSigned } from "../../../src/tls/self_signed.ts";
import { connectQuic } from "../../../testing/http3/session_client.ts";

const HERE = { hostname: "127.0.0.1", port: 0 };
const RENEWALS = 20;

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
    const peer = await source.accept();
    peer.conn.closed.catch(() => {});
    peers.push(peer);
  }
}

Deno.test("QuicSource: connections go on when the certificate is renewed, and new ones are shown the new one", async () => {
  const first = makeCertificate();
  const source = new QuicSource(HERE, first);
  const { port } = source;
  const peers: QuicPeer[] = [];
  const accepting = acceptAll(source, peers).catch(() => {});
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

function ending(conn: Deno.QuicConn) {
  conn.closed.catch(() => {});
  return {
    conn,
    [Symbol.dispose]: () => conn.close({ closeCode: 0x100, reason: "" }),
  };
}
