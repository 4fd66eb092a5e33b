import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { TransportFeedbackWriter } from "../../testing/webrtc/transport_feedback_writer.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import type { TransportFeedback } from "../../src/rtp/transport_feedback.ts";
import { TransportHistory } from "../../src/rtp/transport_history.ts";
import { seededRandom } from "../../testing/mutation.ts";

const LOST = -Infinity;

/** Feedback whose arrivals are in milliseconds after the reference time. */
function feedback(
  baseSequence: number,
  referenceTimeMs: number,
  arrivalsMs: readonly number[],
): TransportFeedback {
  const isThere = (at: number) => arrivalsMs[at] !== LOST;
  const received = Uint16Array.from([...arrivalsMs.keys()].filter(isThere));
  const arrivals = Int32Array.from(received, (at) => 4 * arrivalsMs[at]!);
  const ssrcs = { senderSsrc: 1, mediaSsrc: 2 };
  const base = { kind: "transportFeedback", ...ssrcs, feedbackCount: 0 } as const;
  return {
    ...base,
    baseSequence,
    referenceTimeMs,
    statusCount: arrivalsMs.length,
    received,
    arrivals,
  };
}

/** A history of one packet each millisecond, of 125 bytes: a megabit per second. */
function historyOf(count: number, first = 0): TransportHistory {
  const history = new TransportHistory();
  for (let at = 0; at < count; at++) history.sent(first + at, 125, at);
  return history;
}

Deno.test("transport: nothing is known before the first feedback", () => {
  assertEquals(historyOf(3).snapshot(), {
    feedbackCount: 0,
    reportedCount: 0,
    lostCount: 0,
    lossFraction: undefined,
    receivedBitrateBps: undefined,
    queueingDelayMs: undefined,
    queueingTrendMs: undefined,
  });
});

Deno.test("transport: loss, bitrate and queues of the last second", () => {
  const history = new TransportHistory();
  const seconds: readonly (readonly [extraMs: number, lost: number])[] = [[0, 0], [10, 100], [
    4,
    0,
  ]];
  const snapshots = seconds.map(([extraMs, lost], second) => {
    for (let at = 0; at < 1000; at++) history.sent(1000 * second + at, 125, 1000 * second + at);
    for (let part = 0; part < 11; part++) {
      const base = 1000 * second + 100 * Math.min(part, 9);
      const arrivals = Array.from(
        { length: 100 },
        (_, at) => part < 10 && at >= 100 - lost / 10 ? LOST : at + extraMs,
      );
      // The eleventh repeats the tenth, but that the last second is over.
      const told = part < 10 ? arrivals : [];
      history.take(feedback(base, 1_000_000 + base, told), 1000 * second + 100 * part);
    }
    return history.snapshot();
  });
  assertEquals(snapshots.map(({ lossFraction }) => lossFraction), [0, 0.1, 0]);
  assertEquals(snapshots.map(({ lostCount }) => lostCount), [0, 100, 100]);
  assertEquals(snapshots.map(({ reportedCount }) => reportedCount), [1000, 2000, 3000]);
  assertEquals(snapshots.map(({ receivedBitrateBps }) => receivedBitrateBps), [
    1_000_000,
    900_000,
    1_000_000,
  ]);
  assertEquals(snapshots.map(({ queueingDelayMs }) => queueingDelayMs), [0, 10, 4]);
  assertEquals(snapshots.map(({ queueingTrendMs }) => queueingTrendMs), [undefined, 10, -6]);
  assertEquals(snapshots[2]!.feedbackCount, 33);
});

Deno.test("transport: a packet that came late was not lost, and none counts twice", () => {
  const history = historyOf(10);
  history.take(feedback(0, 0, [0, LOST, 2, LOST]), 20);
  assertEquals([history.snapshot().reportedCount, history.snapshot().lostCount], [4, 2]);
  history.take(feedback(0, 0, [0, 9, 2, LOST]), 30);
  assertEquals([history.snapshot().reportedCount, history.snapshot().lostCount], [4, 1]);
  // What has come is not lost again.
  history.take(feedback(0, 0, [LOST, LOST, LOST, LOST]), 1040);
  assertEquals([history.snapshot().reportedCount, history.snapshot().lostCount], [4, 1]);
  assertEquals(history.snapshot().lossFraction, 0.25);
});

Deno.test("transport: sequence numbers wrap, and those that were never sent say nothing", () => {
  const history = historyOf(20, 65_530);
  history.take(feedback(65_534, 0, Array(6).fill(1)), 0);
  assertEquals(history.snapshot().reportedCount, 6);
  // Four of them are known: the others are before, or behind.
  history.take(feedback(10, 0, Array(4000).fill(1)), 0);
  assertEquals(history.snapshot().reportedCount, 10);
  new TransportHistory().take(feedback(65_535, 0, [1, 1, 1]), 0);
  const fresh = historyOf(3);
  fresh.take(feedback(65_530, 0, Array(7).fill(1)), 0);
  assertEquals(fresh.snapshot().reportedCount, 1, "before the first");
});

Deno.test("transport: what was sent too long ago is forgotten", () => {
  const history = historyOf(3000);
  history.take(feedback(0, 0, Array(3000).fill(5)), 0);
  assertEquals(history.snapshot().reportedCount, 1024);
});

Deno.test("transport: a receiver's clock that wraps is no queue", () => {
  const history = new TransportHistory();
  const wrapMs = 2 ** 23 * 64;
  for (let second = 0; second < 6; second++) {
    const nowMs = 1000 * second;
    history.sent(second, 125, nowMs);
    const clockMs = wrapMs - 3000 + nowMs;
    const referenceMs = clockMs >= wrapMs ? clockMs - 2 * wrapMs : clockMs;
    history.take(feedback(second, referenceMs, [5]), nowMs);
  }
  assertEquals(history.snapshot().queueingDelayMs, 0);
});

Deno.test("transport: the shortest way is forgotten, as clocks drift", () => {
  const history = new TransportHistory();
  for (let at = 0; at < 600; at++) {
    const nowMs = 100 * at;
    history.sent(at, 125, nowMs);
    // The receiver's clock runs fast by a tenth of a percent: 60 ms at the end.
    history.take(feedback(at, 0, [nowMs + Math.floor(nowMs / 1000)]), nowMs);
  }
  const { queueingDelayMs } = history.snapshot();
  assert(queueingDelayMs! > 5 && queueingDelayMs! <= 20, `${queueingDelayMs} ms`);
});

Deno.test("transport: what a viewer writes is understood, whatever is lost", () => {
  const random = seededRandom(1);
  const history = new TransportHistory();
  const writer = new TransportFeedbackWriter();
  let lost = 0;
  let pending = 0;
  for (let sequence = 0; sequence < 70_000; sequence++) {
    const nowMs = sequence * 3;
    history.sent(sequence, 1000, nowMs);
    if (random() < 0.1 && sequence % 20 !== 19) pending++;
    else {
      lost += pending;
      pending = 0;
      writer.note(sequence & 0xffff, 500_000 + nowMs + 7 * random());
    }
    if (sequence % 20 !== 19) continue;
    for (const packet of parseRtcp(writer.write(1, 2))) {
      if (packet.kind === "transportFeedback") history.take(packet, nowMs);
    }
  }
  const { lostCount, reportedCount, receivedBitrateBps, queueingDelayMs } = history.snapshot();
  assertEquals([lostCount, reportedCount], [lost, 70_000]);
  assertAlmostEquals(receivedBitrateBps!, 0.905 * 8e6 / 3, 0.15 * 8e6 / 3);
  assertAlmostEquals(queueingDelayMs!, 3.5, 1);
});
