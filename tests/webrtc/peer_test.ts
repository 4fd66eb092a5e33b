import { assert, assertEquals } from "@std/assert";
import { answerCheck } from "../../testing/webrtc/whep_stun.ts";
import { createDtlsCertificate } from "../../src/webrtc/dtls/certificate.ts";
import { Peer } from "../../src/webrtc/peer.ts";
import type { PeerEvents } from "../../src/webrtc/peer_options.ts";
import { MAX_PEER_PATHS, MAX_UNPROVEN_BYTES } from "../../src/webrtc/peer_paths.ts";
import { parseStun } from "../../src/webrtc/ice/stun.ts";
import { writeStunError } from "../../src/webrtc/ice/stun_response.ts";
import type { TransportAddress } from "../../src/address/transport_address.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { COOKIE, fragmentRecord } from "../../testing/webrtc/dtls_peer.ts";
import { writeStunCheck } from "../../testing/webrtc/stun_client.ts";

const LOCAL = { ufrag: "ours1234", password: "password/of/the/server+1" };
const REMOTE = { ufrag: "their", password: "password/of/the/viewer+1" };
const CHECK = writeStunCheck({ username: "ours1234:their", password: LOCAL.password });
const NOMINATION = writeStunCheck({
  username: "ours1234:their",
  password: LOCAL.password,
  nominates: true,
});
const SERVER: TransportAddress = { transport: "udp", hostname: "192.0.2.9", port: 8000 };

const certificate = await createDtlsCertificate();

function addressAt(port: number, transport: "udp" | "tcp" = "udp"): TransportAddress {
  return { transport, hostname: "192.0.2.1", port };
}

function open({ ownsAddresses = true } = {}) {
  const noted: string[] = [];
  const note = (what: string) => (detail?: unknown) => void noted.push(`${what} ${detail}`);
  const sent: { readonly datagram: Uint8Array; readonly port: number }[] = [];
  const random = seededRandom(3);
  const events: PeerEvents = {
    send: (datagram, { port }) => {
      sent.push({ datagram, port });
      noted.push(`${isOwnCheck(datagram) ? "check" : "send"} ${port}`);
    },
    connected: note("connected"),
    rtcp: note("rtcp"),
    channelOpened: note("channel"),
    roundTrip: (roundTripMs, sentMs) => void noted.push(`roundTrip ${roundTripMs} since ${sentMs}`),
    addressKnown: ({ port }) => {
      noted.push(`known ${port}`);
      return ownsAddresses;
    },
    addressProven: ({ port }) => void noted.push(`proven ${port}`),
    addressRetired: ({ port }) => void noted.push(`retired ${port}`),
    consentLost: () => void noted.push("consent lost"),
    ufragRetired: note("ufrag"),
    dropped: note("dropped"),
    ended: note("ended"),
  };
  const peer = new Peer({
    local: LOCAL,
    remoteUfrag: REMOTE.ufrag,
    remotePassword: REMOTE.password,
    certificate,
    connectMs: 100_000,
    consentMs: 30_000,
    sessionTag: 77,
    transportFeedback: "pass",
    hasDataChannels: true,
    random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
    nowMs: 0,
    events,
  });
  /** Checks of the peer's that were sent to a port, oldest first. */
  const checksTo = (port: number) =>
    sent.filter((one) => one.port === port && isOwnCheck(one.datagram));
  const answerFrom = (port: number, nowMs: number, asked = port) => {
    const { datagram } = checksTo(asked).at(-1)!;
    peer.receive(answerCheck(datagram, REMOTE, SERVER)!, addressAt(port), nowMs);
  };
  const bytesTo = (port: number) =>
    sent.filter((one) => one.port === port).reduce((sum, one) => sum + one.datagram.length, 0);
  return { peer, sent, checksTo, answerFrom, bytesTo, take: () => noted.splice(0) };
}

function isOwnCheck(datagram: Uint8Array): boolean {
  return parseStun(datagram)?.stunClass === "request";
}

Deno.test("Peer: of many addresses the newest are known, and the one that is sent to", () => {
  const { peer, take } = open();
  peer.receive(NOMINATION, addressAt(1), 0);
  for (let port = 2; port <= MAX_PEER_PATHS; port++) peer.receive(CHECK, addressAt(port), 0);
  assertEquals(take().filter((what) => what.startsWith("retired")), []);
  peer.receive(CHECK, addressAt(17), 0);
  assertEquals(take(), ["retired 2", "known 17", "send 17"]);
  const media = Uint8Array.of(0x80, 200, 0, 1, 0, 0, 0, 0);
  peer.receive(media, addressAt(1), 0);
  peer.receive(media, addressAt(2), 0);
  peer.receive(Uint8Array.of(0x80, 96, 0, 1), addressAt(17), 0);
  assertEquals(take(), ["dropped unproven", "dropped unproven", "dropped kind"]);
});

Deno.test("Peer: from an address that is another's, a check is answered once it is proven", () => {
  const { peer, answerFrom, take } = open({ ownsAddresses: false });
  peer.receive(NOMINATION, addressAt(1), 0);
  assertEquals(take(), ["known 1", "check 1"]);
  peer.receive(NOMINATION, addressAt(1), 50);
  assertEquals(take(), ["check 1"]);
  answerFrom(1, 60);
  assertEquals(take(), ["proven 1", "roundTrip 10 since 50"]);
  peer.receive(NOMINATION, addressAt(1), 100);
  assertEquals(take(), ["send 1"]);
});

Deno.test("Peer: what of DTLS is not taken is told, once for each datagram", () => {
  const { peer, take } = open();
  peer.receive(NOMINATION, addressAt(1), 0);
  take();
  // A record that is cut short, two in clear that are for later, and one that says nothing.
  const alert = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 90];
  const data = [23, ...alert.slice(1)];
  peer.receive(Uint8Array.from(alert.slice(0, 14)), addressAt(1), 0);
  peer.receive(Uint8Array.from([...data, ...data]), addressAt(1), 0);
  peer.receive(Uint8Array.from(alert), addressAt(1), 0);
  assertEquals(take(), ["dropped malformed", "dropped malformed"]);
});

Deno.test("Peer: of checks, and of records before there are keys, so many are looked at in a second", () => {
  const { peer, take } = open();
  const alert = Uint8Array.of(21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 90);
  const of = (what: string) => take().filter((one) => one === what).length;
  peer.receive(NOMINATION, addressAt(1), 0);
  for (let second = 1; second <= 2; second++) {
    for (let at = 0; at < 1000; at++) peer.receive(CHECK, addressAt(1), 1000 * second);
    assertEquals(of("dropped too many"), 500);
    peer.receive(CHECK, addressAt(1 + second), 1000 * second);
    assertEquals(of(`known ${1 + second}`), 1, "from elsewhere it may be anybody's");
    for (let at = 0; at < 300; at++) peer.receive(alert.slice(0, 14), addressAt(1), 1000 * second);
    assertEquals(of("dropped too many"), 100);
    peer.handleTimeout(1000 * second);
  }
});

Deno.test("Peer: without a handshake it ends after its time, though checks come", () => {
  const { peer, take } = open();
  peer.receive(CHECK, addressAt(1), 99_500);
  peer.handleTimeout(99_999);
  take();
  peer.handleTimeout(100_000);
  assertEquals(take(), ["ended no connection came about"]);
  peer.handleTimeout(900_000);
  peer.receive(CHECK, addressAt(1), 100_001);
  assertEquals(take(), []);
});

Deno.test("Peer: whoever ends the session has left, as viewers over anything else", () => {
  const { peer, take, answerFrom } = open();
  peer.receive(NOMINATION, addressAt(1), 0);
  answerFrom(1, 20);
  take();
  const alert = (level: number, description: number) =>
    Uint8Array.of(21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, level, description);
  peer.receive(alert(1, 0), addressAt(1), 30);
  assertEquals(take(), ["ended it has left"]);
});

Deno.test("Peer: an address is sent to once it has answered a check, until then the one before", () => {
  const { peer, take, answerFrom, checksTo } = open();
  peer.receive(NOMINATION, addressAt(1), 0);
  assertEquals(take(), ["known 1", "send 1", "check 1"]);
  assertEquals(peer.route, undefined);
  answerFrom(1, 20);
  assertEquals([peer.route, take()], [addressAt(1), ["proven 1", "roundTrip 20 since 0"]]);
  peer.receive(NOMINATION, addressAt(2), 100);
  assertEquals(take(), ["known 2", "send 2", "check 2"]);
  assertEquals(peer.route, addressAt(1));
  answerFrom(2, 120);
  assertEquals(peer.route, addressAt(2));
  // Back again: it is known there.
  peer.receive(NOMINATION, addressAt(1), 200);
  assertEquals([peer.route, checksTo(1).length], [addressAt(1), 1]);
});

Deno.test("Peer: an echo is asked for where media go, and its round trip told once", () => {
  const { peer, take, answerFrom } = open();
  assertEquals(peer.askForEcho(0), false);
  peer.receive(NOMINATION, addressAt(1), 0);
  answerFrom(1, 20);
  take();
  assertEquals(peer.askForEcho(500), true);
  answerFrom(1, 650);
  answerFrom(1, 660);
  assertEquals(take(), ["check 1", "proven 1", "roundTrip 150 since 500", "dropped stun"]);
  // Another address has answered, but nothing is sent there.
  peer.receive(CHECK, addressAt(2), 700);
  peer.askForEcho(800);
  take();
  answerFrom(2, 810, 1);
  assertEquals(take(), ["dropped stun"]);
  peer.close();
  assertEquals(peer.askForEcho(900), false);
});

Deno.test("Peer: what was sent elsewhere, before, or by somebody else proves nothing", () => {
  const { peer, take, answerFrom, checksTo } = open();
  peer.receive(NOMINATION, addressAt(1), 0);
  const first = checksTo(1)[0]!.datagram;
  answerFrom(1, 10);
  peer.receive(NOMINATION, addressAt(2), 20);
  take();
  // A check that was sent to the true address, answered in the name of the other.
  answerFrom(2, 30, 1);
  peer.receive(answerCheck(first, REMOTE, SERVER)!, addressAt(2), 30);
  const { datagram } = checksTo(2)[0]!;
  // The right check, answered with another password, or refused.
  const other = { ...REMOTE, password: LOCAL.password };
  const { transactionId } = parseStun(datagram)!;
  const refusal = writeStunError({ transactionId, password: REMOTE.password }, {
    code: 487,
    reason: "Role Conflict",
  });
  peer.receive(refusal, addressAt(2), 30);
  peer.receive(forged(datagram, other), addressAt(2), 30);
  assertEquals(take(), Array(4).fill("dropped stun"));
  assertEquals(peer.route, addressAt(1));
  // The answer that was true once is not so again.
  peer.receive(NOMINATION, addressAt(2), 40);
  answerFrom(2, 50);
  assertEquals(peer.route, addressAt(2));
  const again = checksTo(2).at(-1)!.datagram;
  take();
  peer.receive(answerCheck(again, REMOTE, SERVER)!, addressAt(2), 60);
  assertEquals(take(), ["dropped stun"]);
});

/** A success response to `check` that was made with another password. */
function forged(check: Uint8Array, by: typeof REMOTE): Uint8Array {
  const { transactionId } = parseStun(check)!;
  return writeStunCheck({ username: "a:b", password: by.password, transactionId, type: 0x0101 });
}

Deno.test("Peer: an address that shows nothing gets little more than comes from it", () => {
  const { peer, bytesTo, sent } = open();
  peer.receive(NOMINATION, addressAt(1), 0);
  let received = 0;
  for (let nowMs = 1; nowMs < 1000; nowMs++) {
    peer.receive(NOMINATION, addressAt(2), nowMs);
    received += NOMINATION.length;
    assert(bytesTo(2) <= received + MAX_UNPROVEN_BYTES);
  }
  // However many addresses there are, and whatever is said in their name.
  const before = sent.reduce((sum, { datagram }) => sum + datagram.length, 0);
  let more = 0;
  for (let port = 3; port < 1000; port++) {
    for (const datagram of [NOMINATION, hello(), hello()]) {
      peer.receive(datagram, addressAt(port), 1000);
      more += datagram.length;
      assert(bytesTo(port) <= 3 * NOMINATION.length + MAX_UNPROVEN_BYTES);
    }
  }
  const after = sent.reduce((sum, { datagram }) => sum + datagram.length, 0);
  assert(after - before <= more, `${after - before} bytes for ${more}`);
});

/** The least that asks for a cookie: a ClientHello with a curve. */
function hello(cookie = new Uint8Array(0)): Uint8Array {
  const suites = [0, 2, 0xc0, 0x2b, 1, 0];
  const curves = [0, 8, 0, 10, 0, 4, 0, 2, 0, 29];
  const start = [254, 253, ...Array(32).fill(5), 0, cookie.length, ...cookie];
  const bytes = Uint8Array.from([...start, ...suites, ...curves]);
  const messageSeq = cookie.length === 0 ? 0 : 1;
  return fragmentRecord({
    messageType: 1,
    messageLength: bytes.length,
    messageSeq,
    offset: 0,
    bytes,
  });
}

Deno.test("Peer: a hello is answered by a cookie, and by nothing if it shows another", () => {
  const { peer, sent, take } = open();
  for (const port of [1, 2]) peer.receive(NOMINATION, addressAt(port), 0);
  take();
  sent.length = 0;
  peer.receive(hello(), addressAt(1), 1);
  assertEquals(sent.map(({ port }) => port), [1]);
  assert(sent[0]!.datagram.length <= hello().length);
  peer.receive(hello(COOKIE), addressAt(1), 2);
  assertEquals([peer.route, take()], [undefined, ["send 1", "dropped malformed"]]);
});

Deno.test("Peer: a cookie that is shown in another's name proves where it was sent", () => {
  const { peer, sent, take } = open();
  for (const port of [1, 2]) peer.receive(NOMINATION, addressAt(port), 0);
  peer.receive(hello(), addressAt(1), 1);
  const cookie = sent.at(-1)!.datagram.slice(-20);
  take();
  sent.length = 0;
  peer.receive(hello(cookie), addressAt(2), 2);
  assertEquals(peer.route, addressAt(1));
  assertEquals(new Set(sent.map(({ port }) => port)), new Set([1]));
  assertEquals(take()[0], "proven 1");
  // Once only: it could be kept for later.
  peer.receive(NOMINATION, addressAt(1), 29_000);
  peer.handleTimeout(31_000);
  peer.receive(hello(cookie), addressAt(1), 31_001);
  assertEquals(peer.route, undefined);
  peer.close();
});

Deno.test("Peer: without echoes media stop after the consent's time, and go on with the next", () => {
  const { peer, take, answerFrom } = open();
  peer.receive(NOMINATION, addressAt(1), 0);
  answerFrom(1, 0);
  for (let nowMs = 1000; nowMs < 30_000; nowMs += 1000) {
    peer.receive(NOMINATION, addressAt(1), nowMs);
    peer.handleTimeout(nowMs);
  }
  assertEquals(peer.route, addressAt(1));
  take();
  peer.handleTimeout(30_000);
  assertEquals([peer.route, take()], [undefined, ["consent lost"]]);
  peer.handleTimeout(31_000);
  assertEquals(take(), []);
  peer.receive(NOMINATION, addressAt(1), 31_500);
  assertEquals(take(), ["send 1", "check 1"]);
  answerFrom(1, 31_600);
  assertEquals(peer.route, addressAt(1));
});

Deno.test("Peer: an answer that was held back counts from when it was asked for", () => {
  const { peer, answerFrom } = open();
  peer.receive(NOMINATION, addressAt(1), 0);
  answerFrom(1, 29_000);
  peer.receive(NOMINATION, addressAt(1), 29_500);
  assertEquals(peer.route, addressAt(1));
  peer.handleTimeout(30_000);
  assertEquals(peer.route, undefined);
});

Deno.test("Peer: a TCP connection is its own proof, for as long as it is there", () => {
  const { peer, take } = open();
  const tcp = addressAt(1, "tcp");
  peer.receive(NOMINATION, tcp, 0);
  assertEquals([peer.route, take()], [tcp, ["known 1", "proven 1", "send 1"]]);
  peer.receive(NOMINATION, addressAt(2), 1);
  assertEquals(peer.route, tcp);
  peer.removeAddress(tcp);
  assertEquals(peer.route, undefined);
});

Deno.test("Peer: a handshake goes on though the address that was given its cookie has gone", () => {
  const { peer, sent, take, answerFrom } = open();
  const tcp = addressAt(1, "tcp");
  peer.receive(NOMINATION, tcp, 0);
  peer.receive(NOMINATION, addressAt(2), 1);
  peer.receive(hello(), tcp, 2);
  const cookie = sent.at(-1)!.datagram.slice(-20);
  peer.removeAddress(tcp);
  take();
  peer.receive(hello(cookie), addressAt(2), 3);
  // It proves nothing of the address that shows it.
  assertEquals([peer.route, take()], [undefined, []]);
  answerFrom(2, 4);
  take();
  peer.receive(hello(cookie), addressAt(2), 5);
  assert(take().filter((one) => one === "send 2").length > 1, "the server's flight");
  peer.close();
});
