import { assertEquals, assertThrows } from "@std/assert";
import { h264PayloadKind } from "./h264_payload.ts";
import { RtpReception } from "./rtp_reception.ts";
import { SrtpReceiver } from "../testing/webrtc/srtp_receiver.ts";
import { readWhepAnswer, writeWhepOffer } from "../testing/webrtc/whep_sdp.ts";
import { isCheckAnswer, writeCheck } from "../testing/webrtc/whep_stun.ts";
import { EXTENSION_URI } from "../src/rtp/header_extension.ts";
import { writeRtpHeader } from "../src/rtp/packet.ts";
import { PacketArena } from "../src/srtp/packet_arena.ts";
import { SrtpSender } from "../src/srtp/srtp_sender.ts";
import { IceLiteAgent } from "../src/webrtc/ice/ice_lite.ts";
import { parseSdpOffer } from "../src/webrtc/sdp/offer.ts";
import { answerOffer, TRANSPORT } from "../testing/webrtc/answers.ts";

const LOCAL = { ufrag: "view", password: "password-of-the-viewer" };
const H264 = {
  codec: "h264",
  profileIdc: 77,
  profileCompatibility: 0,
  levelIdc: 31,
} as const;

function packet(sequence: number, marker = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(40).fill(5);
  writeRtpHeader(bytes, 0, marker | 102, sequence, 9000, 7);
  return bytes;
}

const SEQUENCES = [
  {
    name: "in order",
    sequences: [65_534, 65_535, 0, 1],
    gaps: 0,
    lost: 0,
    late: 0,
    highest: 65_537,
  },
  { name: "a gap", sequences: [10, 13, 14], gaps: 1, lost: 2, late: 0, highest: 14 },
  {
    name: "a gap over the wrap",
    sequences: [65_535, 2],
    gaps: 1,
    lost: 2,
    late: 0,
    highest: 65_538,
  },
  { name: "swapped", sequences: [10, 12, 11, 13], gaps: 1, lost: 0, late: 1, highest: 13 },
] as const;

for (const { name, sequences, ...expected } of SEQUENCES) {
  Deno.test(`packets ${name} are counted`, () => {
    const reception = new RtpReception(7, 102);
    for (const sequence of sequences) reception.take(packet(sequence));
    const { gaps, lost, late, extendedHighestSequence: highest } = reception;
    assertEquals({ gaps, lost, late, highest }, expected);
    assertEquals(reception.packets, sequences.length);
    assertEquals(reception.bytes, 40 * sequences.length);
  });
}

Deno.test("the share of lost packets is that since the last report", () => {
  const reception = new RtpReception(7, 102);
  for (const sequence of [1, 2, 4]) reception.take(packet(sequence));
  assertEquals(reception.takeLossFraction(), 64);
  reception.take(packet(5));
  assertEquals(reception.takeLossFraction(), 0);
  assertEquals(reception.takeLossFraction(), 0);
});

Deno.test("what the server protects is authentic and decrypted, over the wrap and resent", () => {
  const master = { key: new Uint8Array(16).fill(3), salt: new Uint8Array(14).fill(9) };
  const sender = new SrtpSender(new PacketArena(16), master);
  const receiver = new SrtpReceiver(master);
  const plain = [packet(0, 0x80), packet(0), packet(0)];
  const identity = { payloadType: 108, ssrc: 0xcafe_0001, extension: undefined };
  const datagrams: Uint8Array[] = [];
  sender.protectBatch(plain, 3, 0x1_ffff, identity, datagrams);
  datagrams.push(sender.protectRetransmission(plain[0]!, 77, 0x2_0005, identity));
  const indexes = [0x1_ffff, 0x2_0000, 0x2_0001, 0x2_0005];
  const payloads = datagrams.map((datagram, at) => receiver.unprotect(datagram, indexes[at]!));
  assertEquals(payloads.slice(0, 3).map((payload) => payload?.length), [28, 28, 28]);
  assertEquals(payloads[0]!.every((byte) => byte === 5), true);
  assertEquals([...payloads[3]!.subarray(0, 3)], [0, 77, 5]);
});

Deno.test("a changed byte, a wrong roll-over and a cut packet are not authentic", () => {
  const master = { key: new Uint8Array(16), salt: new Uint8Array(14) };
  const sender = new SrtpSender(new PacketArena(16), master);
  const receiver = new SrtpReceiver(master);
  const identity = { payloadType: 96, ssrc: 1, extension: undefined };
  const datagram = sender.protectOne(packet(0), 5, identity).slice();
  assertEquals(receiver.unprotect(datagram, 0x1_0005), undefined);
  for (let length = 0; length < datagram.length; length++) {
    assertEquals(receiver.unprotect(datagram.subarray(0, length), 5), undefined);
  }
  for (let at = 0; at < datagram.length; at++) {
    const changed = datagram.slice();
    changed[at]! ^= 1;
    assertEquals(receiver.unprotect(changed, 5), undefined);
  }
  assertEquals(receiver.unprotect(datagram, 5)?.length, 28);
});

const PAYLOADS = [
  { name: "IDR slice", bytes: [0x65, 1], kind: "keyFrame" },
  { name: "other slice", bytes: [0x41, 1], kind: "other" },
  { name: "parameter sets", bytes: [0x78, 0, 2, 0x67, 1, 0, 1, 0x68], kind: "keyFrame" },
  { name: "fragment of an IDR slice", bytes: [0x7c, 0x05, 1], kind: "keyFrame" },
  { name: "fragment of another", bytes: [0x5c, 0x81, 1], kind: "other" },
  { name: "forbidden bit", bytes: [0xe5, 1], kind: "invalid" },
  { name: "type 0", bytes: [0x60, 1], kind: "invalid" },
  { name: "FU-B", bytes: [0x7d, 0x85, 1], kind: "invalid" },
  { name: "aggregate cut short", bytes: [0x78, 0, 3, 0x67, 1], kind: "invalid" },
  { name: "nothing", bytes: [], kind: "invalid" },
] as const;

for (const { name, bytes, kind } of PAYLOADS) {
  Deno.test(`payload with ${name} is ${kind}`, () => {
    assertEquals(h264PayloadKind(Uint8Array.from(bytes)), kind);
  });
}

const OFFER = writeWhepOffer({
  credentials: LOCAL,
  fingerprint: TRANSPORT.fingerprint,
});

Deno.test("the offer asks for what Chromium asks for", () => {
  const { sections, transport } = parseSdpOffer(OFFER);
  assertEquals(transport.iceUfrag, LOCAL.ufrag);
  assertEquals(sections.map(({ kind, direction }) => [kind, direction]), [
    ["audio", "recvonly"],
    ["video", "recvonly"],
  ]);
  assertEquals(sections[1]!.codecs.map(({ payloadType }) => payloadType), [102, 108, 116]);
});

Deno.test("an answer tells all that a viewer needs", () => {
  const stream = { audio: { codec: "opus", channels: 2 }, video: H264 } as const;
  const answer = readWhepAnswer(answerOffer(OFFER, stream).answer);
  assertEquals(answer.remote, TRANSPORT.local);
  assertEquals(answer.fingerprint, TRANSPORT.fingerprint);
  assertEquals(answer.candidates.map(({ transport }) => transport), ["udp", "udp", "tcp"]);
  assertEquals(answer.tracks, [
    { kind: "audio", payloadType: 111, clockRateHz: 48_000, transportSequenceId: undefined },
    { kind: "video", payloadType: 116, clockRateHz: 90_000, transportSequenceId: undefined },
  ]);
  const wishes = { feedback: ["transport-cc"], extensions: [EXTENSION_URI.transportSequence] };
  const numbered = readWhepAnswer(answerOffer(OFFER, stream, { wishes }).answer);
  assertEquals(numbered.tracks.map(({ transportSequenceId }) => transportSequenceId), [3, 3]);
});

Deno.test("an answer without a password is refused", () => {
  const { answer } = answerOffer(OFFER, { audio: undefined, video: H264 });
  const without = answer.replaceAll(/a=ice-pwd:.*\r\n/g, "");
  assertThrows(() => readWhepAnswer(without), Error, "must have a=ice-pwd");
});

Deno.test("a check is taken by the server, and only its own answer counts", () => {
  const remote = TRANSPORT.local;
  const agent = new IceLiteAgent({ local: remote, remoteUfrag: LOCAL.ufrag, nowMs: 0 });
  const from = { transport: "udp", hostname: "127.0.0.1", port: 5000 } as const;
  const result = agent.receive(writeCheck(LOCAL, remote), from, 1);
  if (result.kind !== "answer") throw new Error(`Check was not answered: ${result.kind}`);
  assertEquals(result.selected, from);
  assertEquals(isCheckAnswer(result.response, remote), true);
  assertEquals(isCheckAnswer(result.response, LOCAL), false);
  assertEquals(isCheckAnswer(writeCheck(LOCAL, remote), remote), false);
});
