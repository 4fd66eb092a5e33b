import { assert, assertEquals } from "@std/assert";
import { SlowStart } from "../../src/egress/slow_start.ts";

const FLIGHT_BYTES = 19_200;
const BYTES_PER_MS = 1250;

/** An echo was asked for, a flight has left, and another echo is asked for behind it. */
function begun(baseMs = Infinity): SlowStart {
  const start = new SlowStart(baseMs);
  assert(start.wantsEcho(0));
  start.echoAsked(0);
  start.sent(FLIGHT_BYTES);
  assert(start.wantsEcho(0));
  start.echoAsked(0.01);
  return start;
}

Deno.test("SlowStart: before the first echo, a flight and so much by the millisecond", () => {
  const start = begun();
  assertEquals(start.roomBytes(0), 0);
  assertEquals(start.roomBytes(100), 100 * BYTES_PER_MS);
  start.takeRoundTrip(20, 7, 100);
  assertEquals(start.roomBytes(100), 100 * BYTES_PER_MS, "another's round trip tells nothing");
});

Deno.test("SlowStart: what may be under way grows with what has passed, and not at a queue", () => {
  const start = begun();
  start.takeRoundTrip(10, 0, 10);
  assertEquals(start.roomBytes(10), 0, "the way is short");
  start.takeRoundTrip(12, 0.01, 12);
  assertEquals(start.roomBytes(12), 3 * FLIGHT_BYTES);
  start.sent(3 * FLIGHT_BYTES);
  start.echoAsked(12);
  start.takeRoundTrip(36, 12, 48);
  assertEquals(start.roomBytes(48), 3 * FLIGHT_BYTES, "it is all through, and there was a queue");
  assertEquals(start.carriedBps, Infinity);
});

Deno.test("SlowStart: a long way holds what has left before the first echo", () => {
  const start = begun();
  start.sent(150 * BYTES_PER_MS);
  start.takeRoundTrip(150, 0, 150);
  assert(start.roomBytes(150) <= 0);
  start.takeRoundTrip(151, 0.01, 151);
  assertEquals(start.roomBytes(151), 150 * BYTES_PER_MS + 2 * FLIGHT_BYTES - 150 * BYTES_PER_MS);
});

Deno.test("SlowStart: two echoes in a row behind a queue tell what the link carries, one does not", () => {
  const start = begun();
  start.takeRoundTrip(10, 0, 10);
  start.takeRoundTrip(61.2, 0.01, 61.2);
  assertEquals(start.carriedBps, Infinity);
  start.sent(9600);
  start.echoAsked(62);
  start.takeRoundTrip(45, 62, 107);
  assert(Math.abs(start.carriedBps - 3e6) < 0.01e6, `${start.carriedBps}`);
});

Deno.test("SlowStart: a viewer that stalls, and answers all at once, has no narrow link", () => {
  const start = begun();
  start.sent(9600);
  start.echoAsked(4);
  start.takeRoundTrip(10, 0, 10);
  start.takeRoundTrip(80, 0.01, 80);
  start.takeRoundTrip(76.5, 4, 80.5);
  assert(start.carriedBps > 100e6, `${start.carriedBps}`);
});

Deno.test("SlowStart: over a link that is known, the first echo behind a queue counts", () => {
  const start = begun(10);
  start.sent(9600);
  start.echoAsked(8);
  start.takeRoundTrip(61.2, 0.01, 61.2);
  start.takeRoundTrip(78.8, 8, 86.8);
  assert(Math.abs(start.carriedBps - 3e6) < 0.01e6, `${start.carriedBps}`);
});

Deno.test("SlowStart: an echo that is lost is asked for again, and nothing is waited for for ever", () => {
  const start = begun();
  assert(!start.wantsEcho(100));
  assert(start.wantsEcho(200));
  start.takeRoundTrip(10, 0, 10);
  assert(!start.wantsEcho(50));
  assert(start.wantsEcho(70));
  assert(!start.isSilent(1000));
  assert(start.isSilent(1011));
});

Deno.test("SlowStart: echoes that this side has read late tell of no queue", () => {
  const start = begun();
  start.takeRoundTrip(10, 0, 10);
  start.takeRoundTrip(61.2, 0.01, 61.2, 45);
  start.sent(9600);
  start.echoAsked(62);
  start.takeRoundTrip(100, 62, 162, 20);
  assertEquals(start.carriedBps, Infinity);
  assert(start.roomBytes(162) > FLIGHT_BYTES, "what has passed had a short queue");
});
