import { assertEquals } from "@std/assert";
import { datagramKind } from "../../src/webrtc/datagram_kind.ts";
import { IceLiteAgent } from "../../src/webrtc/ice/ice_lite.ts";
import { chooseMedia } from "../../src/webrtc/sdp/media_choice.ts";
import { settleSection } from "../../src/webrtc/sdp/answered_section.ts";
import { writeSdpAnswer } from "../../src/webrtc/sdp/answer.ts";
import { splitSdp } from "../../src/webrtc/sdp/lines.ts";
import { parseSdpOffer } from "../../src/webrtc/sdp/offer.ts";
import { parseStun, stunUsername } from "../../src/webrtc/ice/stun.ts";
import { hasStunIntegrity, stunFingerprint } from "../../src/webrtc/ice/stun_integrity.ts";
import { TcpFrameReader } from "../../src/webrtc/ice/tcp_framing.ts";
import { parseTrickleFragment } from "../../src/webrtc/sdp/trickle_fragment.ts";
import { WebrtcError } from "../../src/webrtc/webrtc_error.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";
import { NAMES, TRANSPORT } from "../../testing/webrtc/answers.ts";
import { OFFERS, TRICKLE_FRAGMENT } from "../../testing/webrtc/offers.ts";
import { writeStunCheck } from "../../testing/webrtc/stun_client.ts";
import {
  RFC5769_IPV4_RESPONSE,
  RFC5769_IPV6_RESPONSE,
  RFC5769_PASSWORD,
  RFC5769_REQUEST,
} from "../webrtc/ice/stun_samples.ts";
import { parseChannelRequest } from "../../src/webrtc/sctp/dcep.ts";
import { CHUNK, writeChunk } from "../../src/webrtc/sctp/packet.ts";
import { openMessage, SctpClient } from "../webrtc/sctp/sctp_client.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

const LOCAL = { ufrag: "ours", password: "password-of-the-server-1" };
const FROM = { transport: "udp", hostname: "192.0.2.1", port: 5000 } as const;

const CHECK = writeStunCheck({ username: "ours:their", password: LOCAL.password });
const STUN_SAMPLES = [RFC5769_REQUEST, RFC5769_IPV4_RESPONSE, RFC5769_IPV6_RESPONSE, CHECK];

const CHANNEL_REQUESTS = [openMessage("sluice.events"), openMessage("sluice.cues", 0x81, 3)];

/** Each with its type and flags in front, as they lie in a packet. */
const SCTP_CHUNKS = [
  fromHex("0003 fffffffe 0001 0000 00000032 030000000000000000030000 616263"),
  fromHex("0300 00000001 00010000 0001 0000 00020003"),
  fromHex("8200 000d0012 00000001 00000000 fffffffe 0001"),
  fromHex("c000 00000005 00010002"),
  fromHex("0100 00000001 00010000 0001 0001 00000001 c0000004"),
];

const STREAM = {
  audio: { codec: "opus", channels: 2 },
  video: { codec: "h264", profileIdc: 0x64, profileCompatibility: 0, levelIdc: 40 },
} as const;

/** Targets for STUN, ICE, SDP, fragments and TCP framing. */
export const WEBRTC_TARGETS: readonly FuzzTarget[] = [
  { name: "stun", corpus: STUN_SAMPLES, allowed: WebrtcError, run: readStun },
  { name: "ice-lite", corpus: [CHECK], allowed: WebrtcError, run: receiveCheck },
  {
    name: "sdp-offer",
    corpus: Object.values(OFFERS).filter((text) => text !== OFFERS.firefoxWithoutH264).map(encode),
    allowed: WebrtcError,
    run: answerOffer,
  },
  {
    name: "trickle-fragment",
    corpus: [encode(TRICKLE_FRAGMENT)],
    allowed: WebrtcError,
    run: (bytes) => void parseTrickleFragment(decode(bytes)),
  },
  {
    name: "tcp-framing",
    corpus: [fromHex("0003a1a2a300000001b10002c1c2")],
    allowed: WebrtcError,
    run: readFrames,
  },
  {
    name: "dcep",
    corpus: CHANNEL_REQUESTS,
    allowed: WebrtcError,
    run: (bytes) => void parseChannelRequest(bytes),
  },
  { name: "sctp", corpus: SCTP_CHUNKS, allowed: WebrtcError, run: receiveChunk },
];

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function readStun(bytes: Uint8Array): void {
  datagramKind(bytes);
  const username = stunUsername(bytes);
  const message = parseStun(bytes);
  if (message === undefined) return;
  // What finds the session must be what is checked.
  assertEquals(username, message.username);
  hasStunIntegrity(message, RFC5769_PASSWORD);
  stunFingerprint(message);
}

/** Only what the password vouches for may change anything. */
function receiveCheck(bytes: Uint8Array): void {
  const agent = new IceLiteAgent({ local: LOCAL, remoteUfrag: "their", nowMs: 0 });
  const result = agent.receive(bytes, FROM, 1);
  const isOriginal = toHex(bytes).includes(toHex(CHECK.subarray(20, -8)));
  if (result.kind !== "drop" && !isOriginal) throw new Error(`Took a forged check`);
  assertEquals(agent.selected, result.kind === "answer" ? FROM : undefined);
}

/** An answer must be SDP in which no text of the offer has become a line of its own. */
function answerOffer(bytes: Uint8Array): void {
  const offer = parseSdpOffer(decode(bytes));
  const choice = chooseMedia(offer, STREAM);
  if (choice.kind === "mismatch") return;
  const sections = [choice.audio, choice.video].filter((chosen) => chosen !== undefined)
    .map((chosen, index) => settleSection(chosen, { ssrc: index + 1, rtxSsrc: index + 9 }));
  const answer = writeSdpAnswer(offer, sections, TRANSPORT, NAMES);
  assertEquals(splitSdp(answer).media.length, offer.sections.length);
  assertEquals(answer.match(/^a=sendonly\r$/gm)?.length, sections.length);
}

function readFrames(bytes: Uint8Array): void {
  const frames = new TcpFrameReader();
  for (const piece of [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)]) {
    frames.push(piece);
    while (frames.next() !== undefined);
  }
}

/** A chunk in a packet whose checksum and tag are right: a viewer can send any. */
function receiveChunk(bytes: Uint8Array): void {
  const [type = 0, flags = 0] = bytes;
  const client = new SctpClient();
  const chunk = writeChunk(type, flags, bytes.subarray(2, 1200));
  if (type === CHUNK.init) return client.give([chunk], { tag: 0 });
  client.connect().open(1, "sluice.events");
  client.channels.sendText("sluice.events", "hello", 0);
  client.give([chunk]);
  client.channels.handleTimeout(10_000);
}
