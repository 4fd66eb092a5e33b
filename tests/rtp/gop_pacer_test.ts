import { assert, assertEquals } from "@std/assert";
import { BURST_INTERVAL_MS, BURST_PACKETS, GopPacer } from "../../src/rtp/gop_pacer.ts";
import { seededRandom } from "../../testing/mutation.ts";

Deno.test("pacer: groups of 20 every 4 ms, then live", () => {
  const pacer = new GopPacer();
  const taken: [number, number, string][] = [
    [100, 50, "20 burst"],
    [100, 30, "0 burst"],
    [103.9, 30, "0 burst"],
    [104, 30, "20 burst"],
    [108, 11, "11 live"],
    [108, 500, "500 live"],
    [109, 0, "0 live"],
  ];
  for (const [nowMs, waiting, expected] of taken) {
    assertEquals(`${pacer.take(nowMs, waiting)} ${pacer.state}`, expected, `at ${nowMs}`);
  }
});

Deno.test("pacer: a whole group may be what is left, and a viewer at the head is live at once", () => {
  const exact = new GopPacer();
  assertEquals([exact.take(0, 20), exact.state], [20, "live"]);
  const none = new GopPacer();
  assertEquals([none.take(0, 0), none.state], [0, "live"]);
});

Deno.test("pacer: a late call is not made up for", () => {
  const pacer = new GopPacer();
  assertEquals(pacer.take(0, 1000), 20);
  assertEquals(pacer.take(400, 980), 20);
  assertEquals([pacer.take(403, 960), pacer.nextMs], [0, 404]);
});

Deno.test("pacer: back at a key frame, it paces again, and the last group still counts", () => {
  const pacer = new GopPacer({ burstPackets: 5, burstIntervalMs: 10 });
  assertEquals(pacer.take(0, 5), 5);
  pacer.restart();
  assertEquals(pacer.take(9, 100), 0);
  assertEquals(pacer.take(10, 100), 5);
  assertEquals(pacer.state, "burst");
});

Deno.test("pacer: no 4 ms have more than 20 packets, and a viewer catches up with a live stream", () => {
  const random = seededRandom(4);
  const pacer = new GopPacer();
  const groups: { readonly atMs: number; readonly count: number }[] = [];
  let waiting = 400;
  let nowMs = 0;
  while (pacer.state === "burst") {
    const count = pacer.take(nowMs, waiting);
    if (count > 0) groups.push({ atMs: nowMs, count });
    waiting += (random() < 0.1 ? 8 : 0) - count;
    nowMs += random() * 3;
    assert(nowMs < 1000, "does not catch up");
  }
  for (const { atMs } of groups) {
    const together = groups.filter((group) =>
      group.atMs >= atMs && group.atMs < atMs + BURST_INTERVAL_MS
    );
    const sum = together.reduce((total, { count }) => total + count, 0);
    assert(sum <= BURST_PACKETS, `${sum} packets from ${atMs} on`);
  }
  assert(groups.length > 400 / BURST_PACKETS - 1);
});

Deno.test("GopPacer: a viewer that catches up is granted what its link has room for", () => {
  const pacer = new GopPacer();
  assertEquals(pacer.take(0, 30, 0), 0);
  assertEquals(pacer.take(0, 30, 7), 7);
  assertEquals(pacer.take(BURST_INTERVAL_MS, 10, 7), 7);
  assertEquals(pacer.state, "burst");
  assertEquals(pacer.take(2 * BURST_INTERVAL_MS, 3, 7), 3);
  assertEquals(pacer.state, "live");
  assertEquals(pacer.take(2 * BURST_INTERVAL_MS, 40, 0), 40);
});
