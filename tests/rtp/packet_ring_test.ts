import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { packetizeH264 } from "../../src/rtp/h264_packetizer.ts";
import { RTP_MARKER, writeRtpHeader } from "../../src/rtp/packet.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { extendSequence } from "../../src/rtp/sequence.ts";

const { accessUnitStart, keyFrameStart } = PacketFlag;

function packetOf(size: number, index = 0): Uint8Array<ArrayBuffer> {
  const packet = new Uint8Array(size);
  writeRtpHeader(packet, 0, 0, index, index * 3000, 0);
  return packet;
}

function fill(ring: PacketRing, count: number, flags = 0, size = 100): void {
  for (let left = count; left > 0; left--) {
    ring.append(packetOf(size, ring.head), ring.head * 10, flags);
  }
}

Deno.test("sequence numbers extend to the nearest number", () => {
  const cases: [number, number, number][] = [
    [0, 0, 0],
    [65_535, 0, -1],
    [32_767, 0, 32_767],
    [32_769, 0, -32_767],
    [1, 65_535, 65_537],
    [65_535, 65_537, 65_535],
    [5, 2 ** 40, 2 ** 40 + 5],
    [0xfff0, 2 ** 40, 2 ** 40 - 16],
    [0, -65_530, -65_536],
  ];
  for (const [sequence, reference, expected] of cases) {
    assertEquals(extendSequence(sequence, reference), expected, `${sequence} near ${reference}`);
  }
});

Deno.test("packet ring: empty, it holds nothing", () => {
  const ring = new PacketRing();
  assertEquals([ring.head, ring.tail, ring.byteLength], [0, 0, 0]);
  assertEquals(ring.newestKeyFrame, undefined);
  assertEquals(ring.newestAccessUnit, undefined);
  for (const index of [-1, 0, 1]) {
    assertEquals(ring.get(index), undefined);
    assertEquals(ring.timeMs(index), undefined);
    assertEquals(ring.timestamp(index), undefined);
    assertEquals(ring.flags(index), 0);
  }
  assertEquals(ring.findTime(5), 0);
});

Deno.test("packet ring: evicts by count, whatever it is rounded to inside", () => {
  for (const maxPackets of [1, 2, 3, 5, 8, 100]) {
    const ring = new PacketRing({ maxPackets });
    for (let index = 0; index < 3 * maxPackets + 2; index++) {
      const packet = packetOf(20, index);
      ring.append(packet, index, 0);
      const tail = Math.max(0, index + 1 - maxPackets);
      assertEquals([ring.tail, ring.head], [tail, index + 1]);
      assertEquals(ring.byteLength, (ring.head - ring.tail) * 20);
      assertStrictEquals(ring.get(index), packet);
      assertEquals(ring.get(tail - 1), undefined);
      assertEquals(ring.timestamp(tail), tail * 3000);
      assertEquals(ring.timeMs(tail), tail);
    }
  }
});

Deno.test("packet ring: evicts by bytes, down to the newest packet alone", () => {
  const ring = new PacketRing({ maxPackets: 100, maxBytes: 1000 });
  fill(ring, 10);
  assertEquals([ring.tail, ring.byteLength], [0, 1000]);
  ring.append(packetOf(101), 0, 0);
  assertEquals([ring.tail, ring.head, ring.byteLength], [2, 11, 901]);
  ring.append(packetOf(5000), 0, 0);
  assertEquals([ring.tail, ring.head, ring.byteLength], [11, 12, 5000]);
  fill(ring, 1);
  assertEquals([ring.tail, ring.head, ring.byteLength], [12, 13, 100]);
});

Deno.test("packet ring: the newest key frame, until its start is evicted", () => {
  const ring = new PacketRing({ maxPackets: 8 });
  fill(ring, 2, accessUnitStart);
  assertEquals([ring.newestKeyFrame, ring.newestAccessUnit], [undefined, 1]);
  fill(ring, 1, accessUnitStart | keyFrameStart);
  fill(ring, 2);
  assertEquals([ring.newestKeyFrame, ring.newestAccessUnit], [2, 2]);
  fill(ring, 1, accessUnitStart);
  assertEquals([ring.newestKeyFrame, ring.newestAccessUnit], [2, 5]);
  fill(ring, 1, accessUnitStart | keyFrameStart);
  assertEquals(ring.newestKeyFrame, 6);
  fill(ring, 7);
  assertEquals([ring.tail, ring.newestKeyFrame, ring.newestAccessUnit], [6, 6, 6]);
  assertEquals(ring.flags(6), accessUnitStart | keyFrameStart);
  fill(ring, 1);
  assertEquals([ring.tail, ring.newestKeyFrame, ring.newestAccessUnit], [7, undefined, undefined]);
});

Deno.test("packet ring: an access unit larger than the ring leaves no start to begin with", () => {
  const ring = new PacketRing({ maxPackets: 4 });
  const nalUnits = [Uint8Array.of(0x65, ...new Uint8Array(10_000))];
  const unit = { nalUnits, isKeyFrame: true, timestamp: 0, timeMs: 0 };
  const count = packetizeH264(unit, { sps: [], pps: [], ssrc: 1 }, ring);
  assertEquals([ring.head, ring.tail], [count, count - 4]);
  assertEquals([ring.newestKeyFrame, ring.newestAccessUnit], [undefined, undefined]);
  const markers = [count - 1, count - 2].map((index) => ring.get(index)![1]! & RTP_MARKER);
  assertEquals(markers, [RTP_MARKER, 0]);
});

Deno.test("packet ring: where an access unit ends, and what it weighs", () => {
  const ring = new PacketRing({ maxPackets: 6 });
  const { accessUnitStart } = PacketFlag;
  for (const flags of [accessUnitStart, 0, 0, accessUnitStart, accessUnitStart, 0]) {
    ring.append(packetOf(20), 0, flags);
  }
  assertEquals([0, 1, 2, 3, 4, 5].map((index) => ring.accessUnitEnd(index)), [3, 3, 3, 4, 6, 6]);
  assertEquals([ring.bytesBetween(0, 3), ring.bytesBetween(4, 9), ring.bytesBetween(2, 2)], [
    60,
    40,
    0,
  ]);
});

Deno.test("packet ring: the first packet at or after a time", () => {
  const ring = new PacketRing({ maxPackets: 6 });
  for (const timeMs of [0, 10, 20, 20, 20, 30.5, 40, 50]) ring.append(packetOf(12), timeMs, 0);
  const cases: [number, number][] = [[-5, 2], [20, 2], [20.1, 5], [30.5, 5], [31, 6], [50, 7], [
    51,
    8,
  ]];
  for (const [timeMs, index] of cases) assertEquals(ring.findTime(timeMs), index, `${timeMs}`);
});

Deno.test("packet ring: limits out of bounds are refused", () => {
  for (const maxPackets of [0, -1, 32_769, NaN]) {
    assertThrows(() => new PacketRing({ maxPackets }), RtpError, `got ${maxPackets}`);
  }
  assertThrows(() => new PacketRing({ maxBytes: 0 }), RtpError, "got 0");
});
