import { assertAlmostEquals, assertEquals } from "@std/assert";
import { compactNtp, ntpTime } from "../../src/rtp/ntp.ts";
import { ReceiverReports } from "../../src/rtp/receiver_report.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import { TransportHistory } from "../../src/rtp/transport_history.ts";
import type { ReportBlock } from "../../src/rtp/rtcp_report.ts";
import { fromHex } from "../../testing/mutation.ts";

const VIDEO = { ssrc: 9, clockRateHz: 90_000, packetBytes: () => 1200 };
const AUDIO = { ssrc: 10, clockRateHz: 48_000, packetBytes: () => 200 };
const WALL_MS = 1_600_000_000_000;

function block(fields: Partial<ReportBlock> = {}): ReportBlock {
  return {
    ssrc: 9,
    lossFraction: 0,
    cumulativeLost: 0,
    extendedHighestSequence: 0,
    jitter: 0,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
    ...fields,
  };
}

/** Takes an RR with one block and returns the round trip known then. */
function roundTrip(reports: ReceiverReports, fields: Partial<ReportBlock>, nowMs: number) {
  reports.take({ kind: "receiverReport", ssrc: 1, blocks: [block(fields)] }, nowMs);
  return reports.snapshot().roundTripMs;
}

Deno.test("reception: nothing is known before the first report", () => {
  const nothing = { lossFraction: 0, cumulativeLost: 0, extendedHighestSequence: 0, jitterMs: 0 };
  assertEquals(new ReceiverReports([VIDEO, AUDIO]).snapshot(), {
    roundTripMs: undefined,
    estimatedBitrateBps: undefined,
    transport: undefined,
    tracks: [{ ssrc: 9, ...nothing, reportCount: 0 }, { ssrc: 10, ...nothing, reportCount: 0 }],
    nackCount: 0,
    pictureLossCount: 0,
    fullIntraRequestCount: 0,
  });
});

Deno.test("reception: loss and jitter of each track, on its own clock", () => {
  const reports = new ReceiverReports([VIDEO, AUDIO]);
  const blocks = [
    block({ lossFraction: 0.25, cumulativeLost: 7, jitter: 900, extendedHighestSequence: 70_000 }),
    block({ ssrc: 10, cumulativeLost: -1, jitter: 480 }),
    block({ ssrc: 11, cumulativeLost: 1000 }),
  ];
  reports.take({ kind: "receiverReport", ssrc: 1, blocks }, 0);
  assertEquals(reports.snapshot().tracks, [
    {
      ssrc: 9,
      lossFraction: 0.25,
      cumulativeLost: 7,
      extendedHighestSequence: 70_000,
      jitterMs: 10,
      reportCount: 1,
    },
    {
      ssrc: 10,
      lossFraction: 0,
      cumulativeLost: -1,
      extendedHighestSequence: 0,
      jitterMs: 10,
      reportCount: 1,
    },
  ]);
});

Deno.test("reception: the round trip, by the report that is answered", () => {
  const reports = new ReceiverReports([VIDEO, AUDIO]);
  const sent = [0, 1, 2, 3, 4].map((second) => {
    const ntp = ntpTime(WALL_MS + second * 1000);
    reports.senderReportSent(9, ntp, 100 + second * 1000);
    return compactNtp(ntp);
  });
  const answer = (index: number, delayMs: number) => ({
    lastSenderReport: sent[index]!,
    delaySinceLastSenderReport: Math.round(delayMs * 65.536),
  });
  assertEquals(roundTrip(reports, { lastSenderReport: 0 }, 5000), undefined);
  assertEquals(roundTrip(reports, answer(0, 0), 5000), undefined, "forgotten");
  assertEquals(roundTrip(reports, { ...answer(4, 0), ssrc: 10 }, 5000), undefined, "other track");
  assertAlmostEquals(roundTrip(reports, answer(4, 500), 4640)!, 40, 0.02);
  assertAlmostEquals(roundTrip(reports, answer(1, 3000), 4125)!, 25, 0.02);
  assertAlmostEquals(roundTrip(reports, answer(4, 60_000), 5000)!, 25, 0.02, "impossible delay");
  assertEquals(roundTrip(reports, answer(4, 10.5), 4110), 0, "a clock that runs fast");
});

Deno.test("reception: before any report was sent, an answer to 0 answers nothing", () => {
  assertEquals(roundTrip(new ReceiverReports([VIDEO]), {}, 5000), undefined);
});

Deno.test("reception: loss is told by the second, of packets enough, and of all tracks", () => {
  const reports = new ReceiverReports([VIDEO, AUDIO]);
  const take = (
    ssrc: number,
    lossFraction: number,
    extendedHighestSequence: number,
    nowMs: number,
  ) => {
    const blocks = [block({ ssrc, lossFraction, extendedHighestSequence })];
    reports.take({ kind: "receiverReport", ssrc: 1, blocks }, nowMs);
    const { windowCount, fraction } = reports.recentLoss;
    return [windowCount, fraction];
  };
  take(9, 1, 1000, 0);
  take(10, 0, 500, 0);
  assertEquals(take(9, 0.5, 1002, 200), [0, 0]);
  assertEquals(take(9, 0, 1040, 400), [0, 0]);
  // It has gone back, or far ahead: then it says nothing.
  assertEquals(take(9, 1, 900, 500), [0, 0]);
  assertEquals(take(9, 1, 900_000, 1200), [0, 0]);
  assertEquals(take(10, 0.25, 560, 1300), [1, 0.16]);
  assertEquals(take(10, 1, 700, 1400), [1, 0.16]);
});

Deno.test("reception: an estimate of the link is told of it as it comes", () => {
  const told: unknown[][] = [];
  const reports = new ReceiverReports([VIDEO], undefined, {
    takeRemb: (bitrateBps, nowMs) => told.push(["remb", bitrateBps, nowMs]),
    takeLoss: (lossFraction, nowMs, sinceMs) => told.push(["loss", lossFraction, nowMs, sinceMs]),
    takeRoundTrip: (roundTripMs, sentMs, nowMs) =>
      told.push(["round trip", roundTripMs, sentMs, nowMs]),
    takeNack: (lostBytes, nowMs) => told.push(["nack", lostBytes, nowMs]),
    takeTransport: () => told.push(["transport"]),
  });
  const ntp = ntpTime(WALL_MS);
  reports.senderReportSent(9, ntp, 1000);
  const blocks = [
    block({ lossFraction: 0.5, extendedHighestSequence: 60, lastSenderReport: compactNtp(ntp) }),
    block({ ssrc: 11, lossFraction: 1, lastSenderReport: compactNtp(ntp) }),
  ];
  reports.take({ kind: "receiverReport", ssrc: 1, blocks: [block()] }, 40);
  reports.take({ kind: "receiverReport", ssrc: 1, blocks }, 1040);
  const feedback = { senderSsrc: 1, mediaSsrc: 9 };
  reports.take({ kind: "remb", ...feedback, bitrateBps: 800_000, ssrcs: [9] }, 1050);
  // 65535 to 2, and 1 to 3; those of another source are passed over.
  const first = { kind: "nack", ...feedback, entries: Uint8Array.of(255, 255, 0, 7) } as const;
  const again = { kind: "nack", ...feedback, entries: Uint8Array.of(0, 1, 0, 3) } as const;
  for (const nack of [first, again, again, { ...again, mediaSsrc: 10 }]) reports.take(nack, 1060);
  reports.takeRoundTrip(30, 1040, 1070);
  assertEquals(told, [
    ["loss", 0.5, 1040, 40],
    ["round trip", 40, 1000, 1040],
    ["remb", 800_000, 1050],
    ["nack", 4800, 1060],
    ["nack", 1200, 1060],
    ["nack", 0, 1060],
    ["nack", 0, 1060],
    ["round trip", 30, 1040, 1070],
  ]);
  assertEquals(reports.roundTripMs, 30);
});

Deno.test("reception: what is asked for again is new, however far on the numbers are", () => {
  const lost: number[] = [];
  const reports = new ReceiverReports([VIDEO], undefined, {
    takeRemb: () => {},
    takeLoss: () => {},
    takeRoundTrip: () => {},
    takeNack: (lostBytes) => lost.push(lostBytes),
    takeTransport: () => {},
  });
  const ask = (sequence: number, nowMs: number, mask = 0) => {
    const entries = Uint8Array.of(sequence >> 8, sequence & 0xff, mask >> 8, mask & 0xff);
    reports.take({ kind: "nack", senderSsrc: 1, mediaSsrc: 9, entries }, nowMs);
  };
  ask(100, 0);
  ask(100, 100);
  // A half of all numbers, and more, were sent without a loss.
  ask(40_100, 130_000);
  ask(40_101, 130_010);
  ask(40_090, 130_020);
  assertEquals(lost, [1200, 0, 1200, 1200, 0]);
  // Of one that asks for all there are, no more than a queue can lose.
  const entries = new Uint8Array(1400).fill(255);
  for (let at = 0; at < entries.length / 4; at++) {
    new DataView(entries.buffer).setUint16(4 * at, 41_000 + 17 * at);
  }
  reports.take({ kind: "nack", senderSsrc: 1, mediaSsrc: 9, entries }, 130_030);
  assertEquals(lost.at(-1), 512 * 1200);
});

Deno.test("reception: feedback of all kinds, from its bytes", () => {
  const history = new TransportHistory();
  for (let sequence = 0; sequence < 20; sequence++) history.sent(sequence, 1000, 0);
  const reports = new ReceiverReports([VIDEO], history);
  const take = (hex: string) => {
    for (const packet of parseRtcp(fromHex(hex))) reports.take(packet, 0);
  };
  take("81ca0002000000070101610080cb0000 80cf000100000001");
  take("81cd0003 00000001 00000009 fffe8003");
  take("81ce0002 00000001 00000009 81ce0002 00000001 00000009");
  take("84ce0004 00000001 00000000 00000009 05000000");
  take("8fce0005 00000001 00000000 52454d42 010fd090 00000009");
  take("8fcd0005 00000001 00000009 00050004 000001 07 a800 0401");
  const { nackCount, pictureLossCount, fullIntraRequestCount, ...rest } = reports.snapshot();
  assertEquals([nackCount, pictureLossCount, fullIntraRequestCount], [1, 2, 1]);
  assertEquals([rest.estimatedBitrateBps, rest.transport?.lostCount], [2_000_000, 2]);
  take("8fcd0004 00000001 00000009 00050000 000001 08");
  assertEquals(reports.snapshot().transport?.lostCount, 2, "feedback about nothing");
});
