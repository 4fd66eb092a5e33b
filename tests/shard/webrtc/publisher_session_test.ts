import { assert, assertEquals } from "@std/assert";
import { until } from "../../../testing/waiting.ts";
import { DtlsViewer } from "../../../testing/webrtc/whep_dtls.ts";
import { answerCheck } from "../../../testing/webrtc/whep_stun.ts";
import { writeStunCheck } from "../../../testing/webrtc/stun_client.ts";
import type { TransportAddress } from "../../../src/address/transport_address.ts";
import { WebrtcPublisher } from "../../../src/shard/webrtc/publisher_session.ts";
import { PacketArena } from "../../../src/srtp/packet_arena.ts";
import { createDtlsCertificate } from "../../../src/webrtc/dtls/certificate.ts";
import { datagramKind } from "../../../src/webrtc/datagram_kind.ts";
import { optionsFor } from "../../ingest/simulated_publisher.ts";
import { ALLOWED, openPublish } from "../live/open_publish.ts";

const LOCAL = { ufrag: "ours1234", password: "password/of/the/server+1" };
const REMOTE = { ufrag: "their", password: "password/of/the/publisher" };
const SERVER: TransportAddress = { transport: "udp", hostname: "192.0.2.9", port: 8000 };
const CLIENT: TransportAddress = { transport: "udp", hostname: "192.0.2.1", port: 1 };

/** Checks are answered after so long. */
const ROUND_TRIP_MS = 20;

/** A publisher and its browser, as far as the handshake, without sockets. */
async function open() {
  const certificate = await createDtlsCertificate();
  const { session: publish } = await openPublish();
  const noted: string[] = [];
  const note = (what: string) => () => void noted.push(what);
  const receive = (datagram: Uint8Array) =>
    publisher.peer.receive(datagram, CLIENT, performance.now());
  const browser = new DtlsViewer({
    certificate,
    fingerprint: certificate.fingerprint,
    send: (datagram) => queueMicrotask(() => receive(datagram)),
    onConnected() {},
    onFailure: (reason) => void noted.push(reason),
  });
  const send = (datagram: Uint8Array) => {
    if (datagramKind(datagram) === "dtls") queueMicrotask(() => browser.receive(datagram));
    const answer = answerCheck(datagram, REMOTE, SERVER);
    if (answer !== undefined) setTimeout(() => receive(answer), ROUND_TRIP_MS);
  };
  const { nowMs: _nowMs, ...media } = optionsFor("vp8");
  const publisher = new WebrtcPublisher({
    id: "0.0123456789abcdef",
    publish,
    media,
    peer: {
      local: LOCAL,
      remoteUfrag: REMOTE.ufrag,
      remotePassword: REMOTE.password,
      certificate,
      peerFingerprints: [{ algorithm: "sha-256", value: certificate.fingerprint }],
      connectMs: 100_000,
      consentMs: 30_000,
      sessionTag: 7,
      hasDataChannels: false,
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      nowMs: performance.now(),
    },
    arena: new PacketArena(4),
    paths: { send, sendAll() {}, isReady: () => true },
    events: {
      addressKnown: () => true,
      addressProven: note("proven"),
      addressRetired() {},
      ufragRetired() {},
      dropped: (reason) => void noted.push(`dropped: ${reason}`),
      connected: note("connected"),
      consentLost: note("consent lost"),
      packetNoted: (what) => void noted.push(what),
      failed: note("failed"),
      ended: (_session, reason) => void noted.push(`ended: ${reason}`),
    },
  });
  receive(writeStunCheck({
    username: `${LOCAL.ufrag}:${REMOTE.ufrag}`,
    password: LOCAL.password,
    nominates: true,
  }));
  return { publisher, publish, browser, noted };
}

Deno.test("a publisher's round trip that was known before the handshake counts from its end on", async () => {
  const { publisher, browser, noted } = await open();
  await until("the address is proven", () => noted.includes("proven"));
  browser.start();
  await until("it is connected", () => noted.includes("connected"));
  const { media } = publisher.describe();
  const { roundTripMs } = publisher.measures()!;
  assert(roundTripMs! >= ROUND_TRIP_MS - 1 && roundTripMs !== 100, `${roundTripMs}`);
  assertEquals(media?.roundTripMs, roundTripMs);
  publisher.end("the test is over");
  browser.close();
});

Deno.test("a publisher that is ended ends once, and its stream with it", async () => {
  const { publisher, publish, browser, noted } = await open();
  await until("the address is proven", () => noted.includes("proven"));
  noted.length = 0;
  publisher.end("the test is over");
  publisher.end("again");
  publisher.tick(performance.now() + 200_000);
  assertEquals(noted, ["ended: the test is over"]);
  assertEquals(publish.reconsider(ALLOWED), false);
  browser.close();
});
