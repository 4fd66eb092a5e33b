import { assert, assertEquals } from "@std/assert";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { parseRtcp } from "../../../src/rtp/rtcp.ts";
import { type Nack, nackedSequences, type Remb } from "../../../src/rtp/rtcp_feedback.ts";
import type { ReportBlock } from "../../../src/rtp/rtcp_report.ts";
import type { TransportFeedback } from "../../../src/rtp/transport_feedback.ts";
import {
  writeNack,
  writePictureLoss,
  writeReceiverReport,
  writeRemb,
} from "../../../src/rtp/receive/feedback_writer.ts";
import {
  MAX_STATUSES_PER_FEEDBACK,
  TransportArrivals,
} from "../../../src/rtp/receive/transport_arrivals.ts";
import { MAX_MISSING_PACKETS, MissingPackets } from "../../../src/rtp/receive/missing_packets.ts";
import { seededRandom, toHex } from "../../../testing/mutation.ts";

const BLOCK: ReportBlock = {
  ssrc: 0xfedcba98,
  lossFraction: 0.25,
  cumulativeLost: -2,
  extendedHighestSequence: 0xffff_fff0,
  jitter: 90,
  lastSenderReport: 0x12345678,
  delaySinceLastSenderReport: 65_536,
};

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.take();
}

Deno.test("receiver reports say what they are to say", () => {
  for (const blocks of [[], [BLOCK], Array<ReportBlock>(31).fill(BLOCK)]) {
    const report = written((writer) => writeReceiverReport(writer, 7, blocks));
    assertEquals(parseRtcp(report), [{ kind: "receiverReport", ssrc: 7, blocks }]);
  }
  const tooMany = written((writer) => writeReceiverReport(writer, 7, Array(40).fill(BLOCK)));
  const [parsed] = parseRtcp(tooMany);
  assert(parsed?.kind === "receiverReport" && parsed.blocks.length === 31);
});

Deno.test("NACKs ask for what is missing, and for nothing else", () => {
  const random = seededRandom(4);
  const cases = [[5], [65_534, 65_535, 65_536, 65_550, 65_552], [1, 18, 40]];
  for (let round = 0; round < 100; round++) {
    const numbers: number[] = [];
    for (let number = random() * 1e6 | 0; numbers.length < 1 + random() * 60;) {
      numbers.push(number += 1 + (random() * random() * 30 | 0));
    }
    cases.push(numbers);
  }
  for (const numbers of cases) {
    const [nack] = parseRtcp(written((writer) => writeNack(writer, 1, 9, numbers)));
    const asked = [...nackedSequences(nack as Nack)];
    assertEquals(asked, numbers.map((number) => number & 0xffff));
  }
  assertEquals(
    toHex(written((writer) => writeNack(writer, 1, 9, [65_535, 65_536, 65_551, 65_552]))),
    "81cd000400000001" + "00000009" + "ffff8001" + "00100000",
  );
});

Deno.test("PLI and REMB", () => {
  assertEquals(parseRtcp(written((writer) => writePictureLoss(writer, 1, 9))), [
    { kind: "pictureLossIndication", senderSsrc: 1, mediaSsrc: 9 },
  ]);
  for (const bitrateBps of [0, 1000, 262_143, 262_144, 2_500_000, 1e9, 1e12]) {
    const [parsed] = parseRtcp(written((writer) => writeRemb(writer, 1, bitrateBps, [9, 10])));
    const remb = parsed as Remb;
    assertEquals(remb.ssrcs, [9, 10]);
    assert(remb.bitrateBps <= bitrateBps && remb.bitrateBps >= bitrateBps * (1 - 1e-5));
  }
});

Deno.test("a packet is asked for soon, again after each round trip, and not without end", () => {
  const missing = new MissingPackets();
  missing.note(5, 7, 100);
  assertEquals([missing.count, missing.dueMs, missing.sinceMs(6)], [2, 105, 100]);
  const asked: number[] = [];
  for (let nowMs = 100; nowMs < 5000; nowMs++) {
    if (missing.takeDue(100, nowMs).length > 0) asked.push(nowMs);
  }
  assertEquals(asked, Array.from({ length: 10 }, (_, at) => 105 + 120 * at));
  assertEquals(missing.dueMs, Infinity);
  missing.note(10, 12, 5000);
  missing.found(10);
  missing.forgetUntil(11);
  assertEquals(missing.takeDue(0, 5005), [11]);
  assertEquals(missing.takeDue(0, 5024), []);
  assertEquals(missing.takeDue(0, 5025), [11], "however short the round trip");
  missing.forgetUntil(12);
  assertEquals([missing.count, missing.dueMs], [0, Infinity]);
  missing.note(20, 20 + MAX_MISSING_PACKETS, 0);
  assertEquals(missing.count, MAX_MISSING_PACKETS);
  missing.note(2000, 2001, 0);
  assertEquals(missing.count, 0, "too many are not asked for");
});

/** What feedback tells: arrivals by number of 16 bits. */
function told(feedbacks: readonly Uint8Array[]): Map<number, number | undefined> {
  const arrivals = new Map<number, number | undefined>();
  for (const [count, feedback] of feedbacks.entries()) {
    assert(feedback.length <= 1200);
    const [parsed] = parseRtcp(feedback);
    const { baseSequence, statusCount, received, arrivals: ticks, referenceTimeMs, feedbackCount } =
      parsed as TransportFeedback;
    assertEquals(feedbackCount, count & 0xff);
    for (let at = 0; at < statusCount; at++) arrivals.set((baseSequence + at) & 0xffff, undefined);
    for (const [index, at] of received.entries()) {
      arrivals.set((baseSequence + at) & 0xffff, referenceTimeMs + ticks[index]! / 4);
    }
  }
  return arrivals;
}

function allFeedback(arrivals: TransportArrivals): Uint8Array[] {
  const feedbacks: Uint8Array[] = [];
  for (let next; (next = arrivals.nextFeedback(1, 9)) !== undefined;) feedbacks.push(next);
  assertEquals(arrivals.hasNews, false);
  return feedbacks;
}

Deno.test("transport-wide feedback tells what came, when, and what did not", () => {
  const cases: [string, [number, number][]][] = [
    ["one", [[7, 1000]]],
    ["across the wrap, in order", [[65_534, 0], [65_535, 1.25], [0, 70], [1, 200]]],
    ["with gaps", [[1, 100], [2, 100], [9, 164], [30, 165]]],
    ["out of order", [[10, 100], [12, 110], [11, 120]]],
    ["before the first one, across the wrap", [[0, 5000], [65_535, 5001]]],
    ["and with a gap", [[0, 5000], [65_534, 5001]]],
    ["a silence that no delta tells", [[1, 100], [2, 20_000]]],
  ];
  for (const [name, packets] of cases) {
    const arrivals = new TransportArrivals();
    for (const [sequence, nowMs] of packets) arrivals.note(sequence, nowMs);
    const known = told(allFeedback(arrivals));
    for (const [sequence, nowMs] of packets) assertEquals(known.get(sequence), nowMs, name);
    const came = [...known.values()].filter((nowMs) => nowMs !== undefined);
    assertEquals(came.length, packets.length, name);
  }
});

Deno.test("transport-wide feedback: many packets, late ones, and jumps", () => {
  const arrivals = new TransportArrivals();
  for (let sequence = 0; sequence < 1600; sequence++) arrivals.note(sequence, 5000 + sequence / 4);
  const feedbacks = allFeedback(arrivals);
  assertEquals(feedbacks.length, Math.ceil(1600 / MAX_STATUSES_PER_FEEDBACK));
  assertEquals(told(feedbacks).size, 1600);
  // One that was told to be missing comes late: all from it on is told again.
  arrivals.note(1700, 5500);
  arrivals.nextFeedback(1, 9);
  arrivals.note(1650, 5510);
  const late = parseRtcp(arrivals.nextFeedback(1, 9)!)[0] as TransportFeedback;
  assertEquals([late.baseSequence, late.statusCount, late.received.length], [1650, 51, 2]);
  arrivals.note(1650, 5520);
  assertEquals(arrivals.hasNews, false, "one that came twice is no news");
  arrivals.note(30_000, 5530);
  const jumped = parseRtcp(arrivals.nextFeedback(1, 9)!)[0] as TransportFeedback;
  assertEquals([jumped.baseSequence, jumped.statusCount], [30_000, 1]);
});

Deno.test("transport-wide feedback of whatever comes can be read", () => {
  const random = seededRandom(5);
  const arrivals = new TransportArrivals();
  let nowMs = 0;
  for (let round = 0; round < 50_000; round++) {
    nowMs += random() < 0.001 ? random() * 100_000 : random();
    arrivals.note(random() * 0x1_0000 | 0, nowMs);
    if (round % 100 > 0) continue;
    for (let next; (next = arrivals.nextFeedback(1, 9)) !== undefined;) {
      assert(next.length <= 1200);
      parseRtcp(next);
    }
  }
});
