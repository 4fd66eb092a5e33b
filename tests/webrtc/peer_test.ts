import { assertEquals } from "@std/assert";
import { createDtlsCertificate } from "../../src/webrtc/dtls_certificate.ts";
import { Peer, type PeerEvents } from "../../src/webrtc/peer.ts";
import type { TransportAddress } from "../../src/webrtc/transport_address.ts";
import { writeStunCheck } from "./stun_client.ts";

const LOCAL = { ufrag: "ours1234", password: "password/of/the/server+1" };
const CHECK = writeStunCheck({ username: "ours1234:their", password: LOCAL.password });
const NOMINATION = writeStunCheck({
  username: "ours1234:their",
  password: LOCAL.password,
  nominates: true,
});

const certificate = await createDtlsCertificate();

function addressAt(port: number): TransportAddress {
  return { transport: "udp", hostname: "192.0.2.1", port };
}

function open() {
  const noted: string[] = [];
  const note = (what: string) => (detail?: unknown) => void noted.push(`${what} ${detail}`);
  const events: PeerEvents = {
    send: (_datagram, { port }) => void noted.push(`send ${port}`),
    connected: note("connected"),
    rtcp: note("rtcp"),
    addressProven: ({ port }) => void noted.push(`proven ${port}`),
    addressRetired: ({ port }) => void noted.push(`retired ${port}`),
    ufragRetired: note("ufrag"),
    dropped: note("dropped"),
    ended: note("ended"),
  };
  const peer = new Peer({
    local: LOCAL,
    remoteUfrag: "their",
    certificate,
    connectMs: 1000,
    consentMs: 5000,
    nowMs: 0,
    events,
  });
  return { peer, take: () => noted.splice(0) };
}

Deno.test("Peer: of many addresses the newest are known, and the one that is sent to", () => {
  const { peer, take } = open();
  peer.receive(NOMINATION, addressAt(1), 0);
  for (let port = 2; port <= 16; port++) peer.receive(CHECK, addressAt(port), 0);
  assertEquals(take().filter((what) => what.startsWith("retired")), []);
  peer.receive(CHECK, addressAt(17), 0);
  assertEquals(take(), ["retired 2", "proven 17", "send 17"]);
  assertEquals(peer.selected, addressAt(1));
  const media = Uint8Array.of(0x80, 200, 0, 1, 0, 0, 0, 0);
  peer.receive(media, addressAt(1), 0);
  peer.receive(media, addressAt(2), 0);
  peer.receive(Uint8Array.of(0x80, 96, 0, 1), addressAt(17), 0);
  assertEquals(take(), ["dropped unproven", "dropped unproven", "dropped kind"]);
});

Deno.test("Peer: without a handshake it ends after its time, though checks come", () => {
  const { peer, take } = open();
  peer.receive(CHECK, addressAt(1), 500);
  peer.handleTimeout(999);
  take();
  peer.handleTimeout(1000);
  assertEquals(take(), ["ended no connection came about"]);
  peer.handleTimeout(9000);
  peer.receive(CHECK, addressAt(1), 1001);
  assertEquals(take(), []);
});
