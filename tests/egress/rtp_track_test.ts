import { ResendHistory } from "../../src/egress/resend_history.ts";
import { assertEquals } from "@std/assert";
import { append, openTrack, RTX, VIDEO } from "./rtp_samples.ts";

const indexes = (arrived: readonly { readonly index: number }[]) =>
  arrived.map(({ index }) => index);
const sequences = (arrived: readonly { readonly sequence: number }[]) =>
  arrived.map(({ sequence }) => sequence);

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

Deno.test("RtpTrack: what was not sent, is gone, or came before a jump is not sent again", () => {
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
  // The ring still holds packet 4; by the new offset, its number would be another packet's.
  assertEquals([102, 103, 104, 105].map((sequence) => resend(sequence)?.index), [
    undefined,
    9,
    10,
    undefined,
  ]);
  track.pause();
  assertEquals(resend(104), undefined, "while it waits");
});
