import { assert, assertEquals } from "@std/assert";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { packetizeH264 } from "../../src/rtp/h264_packetizer.ts";
import { copyRtpHeader, parseRtpPacket, RTP_HEADER_SIZE } from "../../src/rtp/packet.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import { nackedSequences } from "../../src/rtp/rtcp_feedback.ts";
import { writeRtxPacket } from "../../src/rtp/rtx.ts";
import { seededRandom, toHex } from "../mutation.ts";
import { depacketizeH264 } from "./depacketizer.ts";

const PAYLOAD_TYPE = 96;
const SSRC = 7;
const RTX = { payloadType: 97, ssrc: 8 };

/** Sequence number less index: the viewer's numbers wrap after some packets. */
const OFFSET = 65_500;

const MAX_DATAGRAM_SIZE = 1500;

/** A receiver that keeps packets by their sequence number, and asks for those it misses. */
class LossyViewer {
  readonly received = new Map<number, Uint8Array>();

  take(datagram: Uint8Array): void {
    this.received.set(parseRtpPacket(datagram).sequence, datagram.slice());
  }

  /** Restores the original (RFC 4588 4). */
  takeRetransmission(datagram: Uint8Array): void {
    const { ssrc, payloadType, payload } = parseRtpPacket(datagram);
    assertEquals([ssrc, payloadType], [RTX.ssrc, RTX.payloadType]);
    const original = new Uint8Array(datagram.length - 2);
    original.set(payload.subarray(2), RTP_HEADER_SIZE);
    copyRtpHeader(
      original,
      0,
      datagram,
      PAYLOAD_TYPE,
      payload[0]! * 256 + payload[1]!,
      SSRC,
    );
    this.take(original);
  }

  /** A NACK of what is missing among `sequences`, an entry for each. */
  nack(sequences: readonly number[]): Uint8Array {
    const missing = sequences.filter((sequence) => !this.received.has(sequence));
    const writer = new ByteWriter().u8(0x81).u8(205).u16(2 + missing.length).u32(1).u32(SSRC);
    for (const sequence of missing) writer.u16(sequence).u16(0);
    return writer.take();
  }
}

/** Answers a NACK from the ring, and returns how many packets that took. */
function answer(nack: Uint8Array, ring: PacketRing, viewer: LossyViewer): number {
  const datagram = new Uint8Array(MAX_DATAGRAM_SIZE);
  let sent = 0;
  for (const packet of parseRtcp(nack)) {
    if (packet.kind !== "nack") continue;
    for (const sequence of nackedSequences(packet)) {
      const index = ring.findSequence(sequence, OFFSET);
      if (index === undefined) continue;
      const size = writeRtxPacket(datagram, 0, ring.get(index)!, RTX, sent++, index + OFFSET);
      viewer.takeRetransmission(datagram.subarray(0, size));
    }
  }
  return sent;
}

Deno.test("a viewer that loses packets rebuilds every access unit from what is sent again", () => {
  const random = seededRandom(4588);
  const ring = new PacketRing();
  const viewer = new LossyViewer();
  const datagram = new Uint8Array(MAX_DATAGRAM_SIZE);
  let lost = 0;
  for (let frame = 0; frame < 60; frame++) {
    const size = 1 + Math.floor(random() * 12_000);
    const nalUnit = Uint8Array.from({ length: size }, (_, at) => at === 0 ? 0x41 : random() * 256);
    const first = ring.head;
    const unit = { nalUnits: [nalUnit], isKeyFrame: false, timestamp: frame * 3000, timeMs: frame };
    packetizeH264(unit, { sps: [], pps: [], ssrc: 0 }, ring);
    const sequences: number[] = [];
    for (let index = first; index < ring.head; index++) {
      const packet = ring.get(index)!;
      sequences.push((index + OFFSET) & 0xffff);
      if (random() < 0.2) {
        lost++;
        continue;
      }
      datagram.set(packet);
      copyRtpHeader(datagram, 0, packet, PAYLOAD_TYPE, index + OFFSET, SSRC);
      viewer.take(datagram.subarray(0, packet.length));
    }
    const missing = sequences.filter((sequence) => !viewer.received.has(sequence)).length;
    assertEquals(answer(viewer.nack(sequences), ring, viewer), missing);
    const packets = sequences.map((sequence) => viewer.received.get(sequence)!);
    assertEquals(depacketizeH264(packets).nalUnits.map(toHex), [toHex(nalUnit)]);
  }
  assert(lost > 40, `only ${lost} packets lost`);
  assert(viewer.received.has(0), "sequence numbers did not wrap");
});

Deno.test("what the ring evicted, and what was never sent, is not sent again", () => {
  const ring = new PacketRing({ maxPackets: 4 });
  const nalUnits = [new Uint8Array(20_000).fill(0x41)];
  const unit = { nalUnits, isKeyFrame: false, timestamp: 0, timeMs: 0 };
  const count = packetizeH264(unit, { sps: [], pps: [], ssrc: 0 }, ring);
  const viewer = new LossyViewer();
  const sequences = Array.from({ length: count + 50 }, (_, index) => (index + OFFSET) & 0xffff);
  assertEquals(answer(viewer.nack(sequences), ring, viewer), 4);
});
