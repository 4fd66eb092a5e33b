import { assert, assertEquals } from "@std/assert";
import { CodecError } from "../../src/codec/codec_error.ts";
import { splitH264NalUnits } from "../../src/codec/h264/slice.ts";
import { packetizeH264 } from "../../src/rtp/h264_packetizer.ts";
import { opusPacketSamples } from "../../testing/media/opus_toc.ts";
import {
  findExtensionElement,
  parseRtpPacket,
  rtpHeaderSize,
} from "../../testing/webrtc/rtp_packet.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import { nackedSequences } from "../../src/rtp/rtcp_feedback.ts";
import type { TransportFeedback } from "../../src/rtp/transport_feedback.ts";
import { TransportHistory } from "../../src/rtp/transport_history.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";
import { CollectedPackets } from "../rtp/collected_packets.ts";
import { depacketizeH264 } from "../../testing/webrtc/depacketizer.ts";
import { ACCESS_UNIT_SAMPLES } from "../../testing/media/corpus.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** RTP packets: plain, with contributing sources, extension elements and padding. */
export const RTP_SAMPLES: readonly Uint8Array[] = [
  fromHex("80e0 0001 00000002 00000003 419a2a"),
  fromHex("9060 0001 00000002 00000003 bede0002 10aa2100bb005061 419a"),
  fromHex("b2e0 0102 03040506 0708090a 0000000b 0000000c bede0001 32aabbcc 0102 000003"),
];

/** Compounds as browsers send them, and single packets. */
export const RTCP_SAMPLES: readonly Uint8Array[] = [
  fromHex(`81c90007 00000001 00000009 00000000 00012345 0000005a 12345678 00010000
    8fce0005 00000001 00000000 52454d42 010fd090 00000009`),
  fromHex(`80c90001 00000001 81cd0004 00000001 00000009 fffe8003 00100000
    81ce0002 00000001 00000009`),
  fromHex(`80c80006 00000001 e8fe6ff0 80000000 00000009 00000002 00000003
    81ca0003 00000001 01026162 00000000 81cb0001 00000001`),
  fromHex("8fcd0008 00000001 00000009 00050012 000001 07 a800 2003 d555 0401 010101 01010101 00"),
  fromHex("84ce0004 00000001 00000000 00000009 05000000"),
];

export const OPUS_SAMPLES: readonly Uint8Array[] = [fromHex("fcfffe"), fromHex("ff03010203")];

/** A payload so small that most units of the corpus are cut. */
const MAX_PAYLOAD_SIZE = 64;

const FORMAT = {
  sps: [fromHex("6742c01ed9")],
  pps: [fromHex("68ce0fc8")],
  ssrc: 1,
  maxPayloadSize: MAX_PAYLOAD_SIZE,
};

/** Targets for what viewers send, and for the packetizers of what publishers send. */
export const RTP_TARGETS: readonly FuzzTarget[] = [
  { name: "rtp", corpus: RTP_SAMPLES, allowed: RtpError, run: readRtp },
  { name: "rtcp", corpus: RTCP_SAMPLES, allowed: RtpError, run: readRtcp },
  { name: "opus-toc", corpus: OPUS_SAMPLES, allowed: RtpError, run: opusPacketSamples },
  {
    name: "h264-packets",
    corpus: [...ACCESS_UNIT_SAMPLES, longAccessUnit()],
    allowed: CodecError,
    run: packetizeAndBack,
  },
];

function readRtp(bytes: Uint8Array): void {
  const { extension } = parseRtpPacket(bytes);
  for (let id = 1; id < 15; id++) findExtensionElement(extension, id);
  rtpHeaderSize(bytes);
}

function readRtcp(bytes: Uint8Array): void {
  const history = new TransportHistory();
  for (let sequence = 0; sequence < 20; sequence++) history.sent(sequence, 1200, sequence);
  for (const packet of parseRtcp(bytes)) {
    if (packet.kind === "transportFeedback") checkHistory(history, packet);
    if (packet.kind === "nack") { for (const _ of nackedSequences(packet)); }
  }
}

/** Whatever a viewer tells, it is about the packets that it was sent. */
function checkHistory(history: TransportHistory, feedback: TransportFeedback): void {
  history.take(feedback, 30);
  history.take(feedback, 2000);
  const { reportedCount, lostCount, lossFraction } = history.snapshot();
  assert(reportedCount <= 20 && lostCount >= 0 && lostCount <= reportedCount);
  assert(lossFraction! >= 0 && lossFraction! <= 1);
}

/** What is packetized must come out again, less what is dropped. */
function packetizeAndBack(bytes: Uint8Array): void {
  const nalUnits = splitH264NalUnits(bytes, 4);
  const out = new CollectedPackets(bytes.length);
  packetizeH264({ nalUnits, isKeyFrame: false, timestamp: 1, timeMs: 1 }, FORMAT, out);
  const expected = nalUnits.filter((unit) => {
    const type = unit[0]! & 31;
    return type >= 1 && type <= 23 && !(type >= 9 && type <= 12);
  });
  const received = out.packets.length === 0 ? [] : depacketizeH264(out.packets).nalUnits;
  assertEquals(received.map(toHex), expected.map(toHex));
}

function longAccessUnit(): Uint8Array {
  const slice = Uint8Array.from({ length: 300 }, (_, at) => at === 0 ? 0x65 : at);
  return Uint8Array.of(0, 0, 1, 44, ...slice, 0, 0, 0, 2, 6, 5);
}
