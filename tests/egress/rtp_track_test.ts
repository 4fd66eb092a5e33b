import { assertEquals } from "@std/assert";
import { ResendHistory } from "../../src/egress/resend_history.ts";
import { SentNumbers } from "../../src/egress/sent_numbers.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { append, openTrack, RTX, VIDEO } from "./rtp_samples.ts";

const indexes = (arrived: readonly { readonly index: number }[]) =>
  arrived.map(({ index }) => index);
const sequences = (arrived: readonly { readonly sequence: number }[]) =>
  arrived.map(({ sequence }) => sequence);
const timestamps = (arrived: readonly { readonly timestamp: number }[]) =>
  arrived.map(({ timestamp }) => timestamp);

Deno.test("RtpTrack: nothing before it begins, then packets once each, marked as the viewer's", () => {
  const { ring, track, take } = openTrack();
  for (let at = 0; at < 6; at++) append(ring, 10 * at);
  assertEquals([track.hasBegun, track.waiting, track.nextTimeMs], [false, 0, undefined]);
  assertEquals(take(9), []);
  track.jump(2);
  assertEquals([track.hasBegun, track.waiting, track.nextTimeMs], [true, 4, 20]);
  const first = take(3);
  assertEquals(indexes(first), [2, 3, 4]);
  assertEquals(sequences(first), [65_530, 65_531, 65_532]);
  assertEquals([first[0]!.ssrc, first[0]!.payloadType], [VIDEO.ssrc, VIDEO.payloadType]);
  assertEquals(indexes(take(3)), [5]);
  assertEquals(take(3), []);
  assertEquals([track.waiting, track.nextTimeMs], [0, undefined]);
  assertEquals([track.packetCount, track.octetCount], [4, 8]);
});

Deno.test("RtpTrack: sequence numbers go on over jumps, pauses and the wrap", () => {
  const { ring, track, take } = openTrack();
  for (let at = 0; at < 5; at++) append(ring, at);
  track.jump(0);
  const arrived = take(3);
  for (let at = 5; at < 20; at++) append(ring, at);
  assertEquals(track.isOvertaken, true);
  track.pause();
  assertEquals([track.hasBegun, track.isOvertaken, take(9).length], [false, false, 0]);
  track.jump(15);
  arrived.push(...take(4));
  track.jump(19);
  arrived.push(...take(4));
  assertEquals(indexes(arrived), [0, 1, 2, 15, 16, 17, 18, 19]);
  assertEquals(sequences(arrived), Array.from({ length: 8 }, (_, at) => 65_530 + at));
});

Deno.test("RtpTrack: what was sent is sent again as it was, or as a retransmission", () => {
  const plain = openTrack();
  const marked = openTrack({ retransmission: RTX });
  for (const { ring, track, take } of [plain, marked]) {
    for (let at = 0; at < 8; at++) append(ring, at);
    track.jump(0);
    take(8);
  }
  const again = plain.resend(65_536)!;
  assertEquals([again.ssrc, again.sequence, again.index], [VIDEO.ssrc, 65_536, 6]);
  assertEquals(again.original, undefined);
  for (const [at, sequence] of [65_536, 65_530, 65_536].entries()) {
    const resent = marked.resend(sequence)!;
    assertEquals([resent.ssrc, resent.payloadType], [RTX.ssrc, RTX.payloadType]);
    assertEquals([resent.sequence, resent.index], [500 + at, sequence - 65_530]);
    assertEquals(resent.original, sequence & 0xffff);
  }
  for (const { track } of [plain, marked]) {
    assertEquals(track.packetCount, 8, "what is sent again does not count");
  }
});

Deno.test("RtpTrack: a packet is sent again three times, a round trip after one another", () => {
  const { ring, track, take, resend } = openTrack({ firstSequence: 100 });
  for (let at = 0; at < 2; at++) append(ring, at);
  track.jump(0);
  take(2);
  const times = [1000, 1000, 1099, 1100, 1150, 1200, 1300, 9000];
  assertEquals(times.map((nowMs) => resend(100, nowMs)?.index), [
    0,
    undefined,
    undefined,
    0,
    undefined,
    0,
    undefined,
    undefined,
  ]);
  assertEquals(resend(101, 1000)?.index, 1, "each packet by itself");
});

Deno.test("RtpTrack: what is not remembered of old packets is not to be had again", () => {
  const history = new ResendHistory();
  for (let index = 0; index < 5000; index++) assertEquals(history.take(index, 0, 50), true);
  for (let index = 3976; index < 5000; index++) assertEquals(history.take(index, 49, 50), false);
  for (let index = 0; index < 3976; index++) assertEquals(history.take(index, 99, 50), false);
  assertEquals(history.take(4999, 50, 50), true);
});

Deno.test("RtpTrack: what was not sent or is gone is not sent again; what came before a jump is", () => {
  const { ring, track, take, resend } = openTrack({ firstSequence: 100 });
  for (let at = 0; at < 8; at++) append(ring, at);
  assertEquals(resend(100), undefined, "before the beginning");
  track.jump(2);
  take(3);
  assertEquals([99, 100, 102, 103].map((sequence) => resend(sequence)?.index), [
    undefined,
    2,
    4,
    undefined,
  ]);
  for (let at = 8; at < 12; at++) append(ring, at);
  assertEquals([100, 101, 102].map((sequence) => resend(sequence)?.index), [
    undefined,
    undefined,
    4,
  ], "evicted");
  track.jump(9);
  assertEquals(take(2).map(({ sequence, index }) => [sequence, index]), [[103, 9], [104, 10]]);
  // By the new offset, the number of packet 4 would be another packet's.
  assertEquals([102, 103, 104, 105].map((sequence) => resend(sequence)?.index), [
    4,
    9,
    10,
    undefined,
  ]);
  track.pause();
  assertEquals(resend(104), undefined, "while it waits");
});

Deno.test("RtpTrack: numbers go on without a gap over what is left out, and each means one packet", () => {
  const { ring, track, take, resend } = openTrack({ firstSequence: 65_533 });
  for (let at = 0; at < 8; at++) append(ring, at);
  track.jump(0);
  const arrived = [];
  for (const next of [2, 4, 7]) {
    arrived.push(...take(1));
    track.jump(next);
  }
  arrived.push(...take(1));
  assertEquals(sequences(arrived), [65_533, 65_534, 65_535, 65_536]);
  assertEquals(indexes(arrived), [0, 2, 4, 7]);
  for (const { sequence, index } of arrived) assertEquals(resend(sequence)?.index, index);
  track.forgetSent();
  append(ring, 8);
  take(1);
  assertEquals([65_536, 65_537].map((sequence) => resend(sequence)?.index), [undefined, 8]);
});

Deno.test("RtpTrack: packets of another ring get other timestamps, when they are sent again as well", () => {
  for (const retransmission of [undefined, RTX]) {
    const { ring, track, take, resend } = openTrack({
      ...(retransmission && { retransmission }),
      firstSequence: 10,
    });
    const other = new PacketRing({ maxPackets: 8 });
    for (let at = 0; at < 4; at++) append(ring, at);
    for (let at = 0; at < 4; at++) append(other, 100 + at);
    track.jump(1);
    const before = take(2);
    track.jump(2, { ring: other, timestampShift: -9000 });
    const after = take(2);
    assertEquals(sequences([...before, ...after]), [10, 11, 12, 13]);
    assertEquals(timestamps([...before, ...after]), [90, 180, 180, 270]);
    assertEquals([10, 11, 12, 13].map((sequence) => resend(sequence)!.timestamp), [
      90,
      180,
      180,
      270,
    ]);
    assertEquals([resend(11)?.index, resend(12)?.index], [2, 2]);
  }
});

Deno.test("RtpTrack: runs beyond those that are remembered are not found", () => {
  const ring = new PacketRing({ maxPackets: 1024 });
  const numbers = new SentNumbers();
  for (let run = 0; run < 1200; run++) {
    numbers.add({ firstSequence: 2 * run, ring, firstIndex: 3 * run, timestampShift: 0 });
  }
  assertEquals([2399, 352, 351].map((sequence) => numbers.find(sequence)?.firstIndex), [
    3 * 1199,
    3 * 176,
    undefined,
  ]);
});

Deno.test("SentNumbers: what is of no use any more is let go of, and numbers go on", () => {
  const ring = new PacketRing();
  const numbers = new SentNumbers();
  const firstIndexes = (...sequences: number[]) =>
    sequences.map((sequence) => numbers.find(sequence)?.firstIndex);
  const add = (from: number, to: number) => {
    for (let run = from; run < to; run++) {
      numbers.add({ firstSequence: 2 * run, ring, firstIndex: run, timestampShift: 0 });
    }
  };
  numbers.forgetBefore(5);
  assertEquals(firstIndexes(5), [undefined]);
  add(0, 1200);
  numbers.forgetBefore(2391);
  assertEquals(firstIndexes(2389, 2390, 2391, 2399), [undefined, 1195, 1195, 1199]);
  add(1200, 2300);
  assertEquals(firstIndexes(2551, 2552, 4599), [undefined, 1276, 2299]);
  numbers.forgetBefore(0);
  assertEquals(firstIndexes(2552), [1276]);
});

Deno.test("RtpTrack: padding is what was sent before, marked as sent again; none where that is no form", () => {
  const padded = openTrack({ retransmission: RTX, firstSequence: 100 });
  const plain = openTrack({ firstSequence: 100 });
  for (const { ring, track, take } of [padded, plain]) {
    for (let at = 0; at < 6; at++) append(ring, at);
    track.jump(0);
    take(3);
    track.jump(5);
    take(1);
  }
  assertEquals(plain.pad(4), []);
  const arrived = padded.pad(5);
  assertEquals(arrived.map(({ ssrc, original }) => [ssrc, original]), [
    [RTX.ssrc, 103],
    [RTX.ssrc, 102],
    [RTX.ssrc, 101],
    [RTX.ssrc, 100],
    [RTX.ssrc, 103],
  ]);
  assertEquals(indexes(arrived), [5, 2, 1, 0, 5]);
  assertEquals(sequences(arrived), [500, 501, 502, 503, 504]);
  assertEquals(padded.track.packetCount, 4);
  padded.track.pause();
  for (let at = 6; at < 20; at++) append(padded.ring, at);
  assertEquals(indexes(padded.pad(2)), [5, 5], "one is kept, though all have left the ring");
});
