import { assertEquals } from "@std/assert";
import {
  DEFAULT_ACKNOWLEDGEMENT_WINDOW,
  MAX_ACKNOWLEDGEMENT_WAIT_MS,
  MIN_ACKNOWLEDGEMENT_WINDOW,
  ReceiveWindow,
  SendWindow,
  WINDOW_SLACK,
} from "../../../src/rtmp/chunk/acknowledgement.ts";
import { LIMIT_TYPE } from "../../../src/rtmp/message/message.ts";
import { PeerBandwidth } from "../../../src/rtmp/message/peer_bandwidth.ts";
import { seededRandom } from "../../../testing/mutation.ts";

Deno.test("what has come is acknowledged once per window", () => {
  const window = new ReceiveWindow();
  window.setSize(5000);
  window.add(4999);
  assertEquals(window.takeAcknowledgement(), undefined);
  window.add(1);
  assertEquals(window.takeAcknowledgement(), 5000);
  assertEquals(window.takeAcknowledgement(), undefined);
  window.add(12_000);
  assertEquals(window.takeAcknowledgement(), 17_000);
  assertEquals(window.takeAcknowledgement(), undefined);
});

Deno.test("windows that say nothing, or are too small, are replaced", () => {
  for (
    const [size, expected] of [
      [undefined, DEFAULT_ACKNOWLEDGEMENT_WINDOW],
      [0, DEFAULT_ACKNOWLEDGEMENT_WINDOW],
      [1, MIN_ACKNOWLEDGEMENT_WINDOW],
      [MIN_ACKNOWLEDGEMENT_WINDOW - 1, MIN_ACKNOWLEDGEMENT_WINDOW],
      [MIN_ACKNOWLEDGEMENT_WINDOW, MIN_ACKNOWLEDGEMENT_WINDOW],
      [MIN_ACKNOWLEDGEMENT_WINDOW + 1, MIN_ACKNOWLEDGEMENT_WINDOW + 1],
      [0xffffffff, 0xffffffff],
    ] as const
  ) {
    const window = new ReceiveWindow();
    if (size !== undefined) window.setSize(size);
    window.add(expected - 1);
    assertEquals(window.takeAcknowledgement(), undefined);
    window.add(1);
    assertEquals(window.takeAcknowledgement(), expected);
  }
});

Deno.test("acknowledged sequence numbers wrap around", () => {
  const window = new ReceiveWindow();
  window.add(2 ** 32 + 5);
  assertEquals(window.takeAcknowledgement(), 5);
});

/** A window of 10,000 bytes, slack included, whose peer acknowledges. */
function sendWindow(): SendWindow {
  const window = new SendWindow();
  window.setSize(10_000 - WINDOW_SLACK);
  window.add(3000);
  window.acknowledge(3000);
  return window;
}

Deno.test("media waits while the window is full, and goes on when it is acknowledged", () => {
  const window = sendWindow();
  window.add(9999);
  assertEquals(window.maySend(0), true);
  window.add(1);
  assertEquals(window.maySend(0), false);
  assertEquals(window.outstandingBytes, 10_000);
  window.acknowledge(3001);
  assertEquals(window.maySend(1), true);
});

Deno.test("a peer that never acknowledges is never waited for", () => {
  const window = new SendWindow();
  window.setSize(10_000);
  window.add(10_000_000);
  assertEquals(window.maySend(0), true);
});

Deno.test("a peer that sets no window is never waited for", () => {
  const window = new SendWindow();
  window.add(1000);
  window.acknowledge(1000);
  window.add(10_000_000);
  assertEquals(window.maySend(0), true);
});

Deno.test("a peer that stops acknowledging holds media back for a bounded time, once", () => {
  const window = sendWindow();
  window.add(20_000);
  assertEquals(window.maySend(500), false);
  assertEquals(window.maySend(500 + MAX_ACKNOWLEDGEMENT_WAIT_MS - 1), false);
  assertEquals(window.maySend(500 + MAX_ACKNOWLEDGEMENT_WAIT_MS), true);
  window.add(1_000_000);
  assertEquals(window.maySend(500 + MAX_ACKNOWLEDGEMENT_WAIT_MS + 1), true);
  // It acknowledges again: the window holds again.
  window.acknowledge(23_000);
  assertEquals(window.maySend(3000), false);
});

Deno.test("the wait begins anew each time the window has been open between", () => {
  const window = sendWindow();
  window.add(10_000);
  assertEquals(window.maySend(0), false);
  window.acknowledge(10_000);
  assertEquals(window.maySend(MAX_ACKNOWLEDGEMENT_WAIT_MS), true);
  window.add(10_000);
  assertEquals(window.maySend(MAX_ACKNOWLEDGEMENT_WAIT_MS + 1), false);
  assertEquals(window.maySend(2 * MAX_ACKNOWLEDGEMENT_WAIT_MS), false);
});

Deno.test("acknowledgements of more than was sent are no acknowledgements", () => {
  const window = sendWindow();
  window.add(20_000);
  window.acknowledge(23_001);
  assertEquals(window.maySend(0), true);
  window.acknowledge(23_000);
  assertEquals(window.outstandingBytes, 0);
  // An older one than the last looks like that, too.
  window.acknowledge(22_000);
  window.add(50_000);
  assertEquals(window.maySend(0), true);
});

Deno.test("a peer that does not count the handshake is not waited for", () => {
  const window = new SendWindow();
  window.setSize(100_000);
  window.add(3073);
  let received = 0;
  for (let acknowledged = 0, nowMs = 0; received < 2_000_000; nowMs++) {
    assertEquals(window.maySend(nowMs), true, `after ${received} bytes`);
    window.add(1000);
    received += 1000;
    if (received - acknowledged < 100_000) continue;
    acknowledged = received;
    window.acknowledge(received);
  }
});

Deno.test("sent sequence numbers wrap around", () => {
  const window = new SendWindow();
  window.setSize(10_000 - WINDOW_SLACK);
  for (let sent = 0; sent < 3 * 2 ** 32; sent += 2 ** 30) {
    window.add(2 ** 30);
    window.acknowledge((sent + 2 ** 30) % 2 ** 32);
    assertEquals(window.outstandingBytes, 0);
  }
  window.add(10_000);
  assertEquals(window.maySend(0), false);
});

Deno.test("no order of calls makes media wait for longer than the bound", () => {
  const random = seededRandom(11);
  const window = new SendWindow();
  let refusedSinceMs: number | undefined;
  for (let nowMs = 0; nowMs < 100_000; nowMs += 50) {
    if (random() < 0.5) window.setSize(Math.floor(random() * 20_000));
    if (random() < 0.9) window.add(Math.floor(random() * 5000));
    if (random() < 0.02) window.acknowledge(Math.floor(random() * 2 ** 32));
    if (random() < 0.02) window.acknowledge(Math.max(0, window.outstandingBytes - 20_000));
    if (window.maySend(nowMs)) refusedSinceMs = undefined;
    else refusedSinceMs ??= nowMs;
    assertEquals(nowMs - (refusedSinceMs ?? nowMs) < MAX_ACKNOWLEDGEMENT_WAIT_MS, true);
  }
});

Deno.test("limit types of Set Peer Bandwidth", () => {
  const { HARD, SOFT, DYNAMIC } = LIMIT_TYPE;
  const cases: [string, [number, number][], number | undefined][] = [
    ["none", [], undefined],
    ["dynamic first", [[5, DYNAMIC]], undefined],
    ["hard", [[5, HARD]], 5],
    ["hard widens", [[5, HARD], [9, HARD]], 9],
    ["soft", [[5, SOFT]], 5],
    ["soft narrows", [[9, SOFT], [5, SOFT]], 5],
    ["soft does not widen", [[5, HARD], [9, SOFT]], 5],
    ["dynamic after hard is hard", [[5, HARD], [9, DYNAMIC]], 9],
    ["dynamic after soft is nothing", [[5, SOFT], [3, DYNAMIC]], 5],
    ["dynamic after dynamic after hard", [[5, HARD], [9, DYNAMIC], [7, DYNAMIC]], 7],
    ["a type nobody knows is soft", [[5, 77], [9, 77]], 5],
  ];
  for (const [name, limits, expected] of cases) {
    const bandwidth = new PeerBandwidth();
    for (const [size, type] of limits) bandwidth.set(size, type);
    assertEquals(bandwidth.size, expected, name);
  }
});
