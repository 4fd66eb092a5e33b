import { assertAlmostEquals, assertEquals } from "@std/assert";
import { NackGauge } from "../../../src/webrtc/bandwidth/nack_gauge.ts";
import { SendHistory } from "../../../src/webrtc/bandwidth/send_history.ts";

const DELAY_MS = 200;
const LOSS_MS = 1000;
const STEP_MS = 10;
const STEP_BYTES = 2500;
const LOSS = 0.6;

/** What is sent is lost in part from a moment on, and asked for a while later. */
function lossyUntil(endMs: number) {
  const sent = new SendHistory();
  const gauge = new NackGauge(sent);
  for (let nowMs = 0; nowMs <= endMs; nowMs += STEP_MS) {
    sent.add(STEP_BYTES, nowMs);
    if (nowMs >= LOSS_MS + DELAY_MS) gauge.take(LOSS * STEP_BYTES, nowMs);
  }
  return { gauge, sent };
}

Deno.test("NACKs: what part is lost is known soon after the first", () => {
  const span = { delayMs: DELAY_MS, sinceMs: -Infinity };
  for (const afterMs of [180, 300, 1000]) {
    const nowMs = LOSS_MS + DELAY_MS + afterMs;
    assertAlmostEquals(lossyUntil(nowMs).gauge.lossFraction(span, nowMs), LOSS, 0.1);
  }
});

Deno.test("NACKs: none, a few by chance, and those of long ago tell nothing", () => {
  const span = { delayMs: 0, sinceMs: -Infinity };
  const { gauge } = lossyUntil(1000);
  assertEquals(gauge.lossFraction(span, 1000), 0);
  gauge.take(3000, 1000);
  assertEquals(gauge.lossFraction(span, 1000), 0);
  assertEquals(lossyUntil(2000).gauge.lossFraction(span, 2400), 0);
});

Deno.test("NACKs: what was lost before less was sent is no loss of what is sent now", () => {
  const nowMs = LOSS_MS + DELAY_MS + 300;
  const { gauge } = lossyUntil(nowMs);
  assertEquals(gauge.lossFraction({ delayMs: DELAY_MS, sinceMs: nowMs - 100 }, nowMs), 0);
});

Deno.test("NACKs: more than was sent was lost long ago, and never is all believed to be lost", () => {
  const span = { delayMs: DELAY_MS, sinceMs: -Infinity };
  const { gauge } = lossyUntil(1500);
  for (const lie of [NaN, -1, Infinity, 0]) gauge.take(lie, 1500);
  assertAlmostEquals(gauge.lossFraction(span, 1500), LOSS, 0.1);
  gauge.take(0.6 * STEP_BYTES * 300 / STEP_MS, 1500);
  assertEquals(gauge.lossFraction(span, 1500), 0.85);
  gauge.take(1e12, 1500);
  assertEquals(gauge.lossFraction(span, 1500), 0);
});

Deno.test("NACKs: what has passed at most, by what was asked for so far", () => {
  const sentBps = STEP_BYTES * 8000 / STEP_MS;
  const cutMs = LOSS_MS + 400;
  const early = lossyUntil(cutMs).gauge.passedBps(DELAY_MS, cutMs, cutMs);
  assertAlmostEquals(early, sentBps * (1 - LOSS / 2), 0.1 * sentBps);
  const toldMs = cutMs + DELAY_MS;
  const late = lossyUntil(toldMs).gauge.passedBps(DELAY_MS, cutMs, toldMs);
  assertAlmostEquals(late, sentBps * (1 - LOSS), 0.1 * sentBps);
  // However long it has lost some.
  const long = lossyUntil(9000).gauge.passedBps(DELAY_MS, 9000 - DELAY_MS, 9000);
  assertAlmostEquals(long, sentBps * (1 - LOSS), 0.1 * sentBps);
  assertEquals(lossyUntil(cutMs).gauge.passedBps(DELAY_MS, LOSS_MS + 100, cutMs), Infinity);
});
