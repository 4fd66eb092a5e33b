import { assert, assertEquals } from "@std/assert";
import { BandwidthEstimator } from "../../../src/webrtc/bandwidth/estimator.ts";
import { type Receiver, SOUND_BPS, WatchedLink } from "./watched_link.ts";

const RECEIVERS: readonly Receiver[] = ["chromium", "reports"];
const ROUND_TRIPS_MS = [5, 150];
const STREAM_BPS = 2_100_000;

/** Runs a test for each receiver and round trip. */
async function forEachWay(
  t: Deno.TestContext,
  run: (receiver: Receiver, roundTripMs: number) => void,
): Promise<void> {
  for (const receiver of RECEIVERS) {
    for (const roundTripMs of ROUND_TRIPS_MS) {
      await t.step(`${receiver}, ${roundTripMs} ms`, () => run(receiver, roundTripMs));
    }
  }
}

/** When the estimate was first as wanted, since then. */
function foundAfterMs(
  watched: WatchedLink,
  fromMs: number,
  isWanted: (estimateBps: number) => boolean,
): number {
  const found = watched.since(fromMs).find(({ estimateBps }) => isWanted(estimateBps));
  return (found?.atMs ?? Infinity) - fromMs;
}

Deno.test("estimate: on a link that carries the stream nothing changes, and nothing is padded", async (t) => {
  for (const lossFraction of [0, 0.02, 0.05, 0.1]) {
    for (const receiver of RECEIVERS) {
      await t.step(`${receiver}, loss ${lossFraction}`, () => {
        const watched = new WatchedLink({ receiver, lossFraction, roundTripMs: 150 });
        watched.run(60_000);
        const estimates = watched.moments.map(({ estimateBps }) => estimateBps);
        assert(Math.min(...estimates) >= STREAM_BPS - 1);
        assertEquals(watched.paddedBytes, 0);
      });
    }
  }
});

Deno.test("estimate: a viewer that stalls now and then is hardly ever taken for a narrow link", async (t) => {
  for (const lossFraction of [0, 0.02, 0.05, 0.1]) {
    await t.step(`loss ${lossFraction}`, () => {
      const watched = new WatchedLink({ lossFraction, roundTripMs: 5, busy: "viewer", seed: 3 });
      watched.run(300_000);
      const low = watched.moments.filter(({ estimateBps }) => estimateBps < STREAM_BPS - 1);
      assert(low.length <= 0.05 * watched.moments.length, `${low.length}`);
    });
  }
});

Deno.test("estimate: a sender that stalls, and knows it, takes no link for a narrow one", () => {
  for (const lossFraction of [0, 0.05]) {
    for (let seed = 1; seed <= 5; seed++) {
      const stalls = { busy: "sender", maxStallMs: 400 } as const;
      const watched = new WatchedLink({ lossFraction, roundTripMs: 5, ...stalls, seed });
      watched.run(120_000);
      const low = watched.moments.filter(({ estimateBps }) => estimateBps < STREAM_BPS - 1);
      assertEquals(low.length, 0, `loss ${lossFraction}, seed ${seed}`);
    }
  }
});

Deno.test("estimate: a link that is narrow is known by a sender that stalls, too", () => {
  const watched = new WatchedLink({ roundTripMs: 20, busy: "sender" });
  watched.run(5000);
  watched.change({ capacityBps: 1e6 });
  watched.run(30_000);
  assert(watched.queuePercentileMs(95, 8000) < 150, `${watched.queuePercentileMs(95, 8000)} ms`);
  const after = watched.since(8000);
  const meanBps = after.reduce((sum, { estimateBps }) => sum + estimateBps, 0) / after.length;
  assert(meanBps > 500_000 && meanBps < 1_000_000, `${meanBps}`);
});

Deno.test("estimate: capacity of 3, 1, 0.5 and 3 Mbit/s is followed with little queue", async (t) => {
  for (const queueMs of [50, 300]) {
    await forEachWay(t, (receiver, roundTripMs) => {
      const watched = new WatchedLink({ capacityBps: 3e6, queueMs, roundTripMs, receiver });
      watched.run(30_000);
      for (const capacityBps of [1e6, 5e5]) {
        const fromMs = watched.nowMs;
        const before = watched.arrivedBytes;
        watched.change({ capacityBps });
        watched.run(30_000);
        const downMs = foundAfterMs(watched, fromMs, (estimateBps) => estimateBps <= capacityBps);
        assert(downMs <= 1500, `${capacityBps}: down after ${downMs} ms`);
        const longMs = watched.queuePercentileMs(95, fromMs + 2000);
        // Reports alone come once a second, and what they tell is that old by then.
        assert(longMs <= (receiver === "chromium" ? 80 : 130), `${capacityBps}: ${longMs} ms`);
        const usedBps = (watched.arrivedBytes - before) * 8 / 30;
        assert(usedBps >= 0.6 * capacityBps, `${capacityBps}: ${usedBps} used`);
      }
      const reliefMs = watched.nowMs;
      watched.change({ capacityBps: 3e6 });
      watched.run(10_000);
      const upMs = foundAfterMs(watched, reliefMs, (estimateBps) => estimateBps >= STREAM_BPS);
      assert(upMs <= 4000, `up after ${upMs} ms`);
    });
  }
});

Deno.test("estimate: a queue of a second is emptied again", async (t) => {
  await forEachWay(t, (receiver, roundTripMs) => {
    const watched = new WatchedLink({ capacityBps: 3e6, queueMs: 1000, roundTripMs, receiver });
    watched.run(20_000);
    watched.change({ capacityBps: 1e6 });
    watched.run(30_000);
    // By reports alone, it is told of when it is full, and takes two seconds to empty.
    const longMs = watched.queuePercentileMs(95, 25_000);
    assert(longMs <= 160, `${longMs} ms`);
  });
});

Deno.test("estimate: loss that is the link's own costs no more than it takes", async (t) => {
  for (const lossFraction of [0.05, 0.1]) {
    await forEachWay(t, (receiver, roundTripMs) => {
      const options = { capacityBps: 3e6, queueMs: 300, roundTripMs, lossFraction, receiver };
      const watched = new WatchedLink(options);
      watched.run(30_000);
      watched.change({ capacityBps: 1e6 });
      watched.run(30_000);
      const usedBps = watched.since(40_000).reduce((sum, { estimateBps }) => sum + estimateBps, 0) /
        watched.since(40_000).length;
      assert(usedBps >= 0.5e6 && usedBps <= 1e6, `${usedBps}`);
      assert(watched.queuePercentileMs(95, 32_000) <= 100);
      watched.change({ capacityBps: 100e6 });
      watched.run(20_000);
      assert(foundAfterMs(watched, 60_000, (estimateBps) => estimateBps >= STREAM_BPS) <= 10_000);
    });
  }
});

Deno.test("estimate: a link that is narrow from the beginning", async (t) => {
  await forEachWay(t, (receiver, roundTripMs) => {
    const watched = new WatchedLink({ capacityBps: 6e5, roundTripMs, receiver });
    watched.run(20_000);
    assert(watched.queuePercentileMs(95, 4000) <= 100);
    assert(watched.since(10_000).every(({ estimateBps }) => estimateBps <= 6.5e5));
  });
});

Deno.test("estimate: beside a TCP flow neither starves", async (t) => {
  await forEachWay(t, (receiver, roundTripMs) => {
    const options = { capacityBps: 1e6, queueMs: 300, roundTripMs, receiver, hasTcpFlow: true };
    const watched = new WatchedLink(options);
    watched.run(30_000);
    const [sent, acked] = [watched.arrivedBytes, watched.tcp!.ackedBytes];
    watched.run(60_000);
    const mediaBps = (watched.arrivedBytes - sent) * 8 / 60;
    const tcpBps = (watched.tcp!.ackedBytes - acked) * 8 / 60;
    assert(mediaBps >= 1.5e5 && tcpBps >= 1.5e5, `${mediaBps} and ${tcpBps}`);
  });
});

Deno.test("estimate: a link that stays narrow is asked for more by a twentieth of what it carries", () => {
  const watched = new WatchedLink({ roundTripMs: 20 });
  watched.run(2000);
  watched.change({ capacityBps: 1e6 });
  watched.run(600_000);
  assert(watched.paddedBytes * 8 / 600 <= 5e4, `${watched.paddedBytes}`);
  assert(watched.queuePercentileMs(95, 6000) <= 80);
});

Deno.test("estimate: a REMB that falls on a clear link is not believed, as round trips tell", () => {
  const watched = new WatchedLink({ receiver: "reports" });
  watched.run(5000);
  for (const bitrateBps of [1.8e6, 1.2e6, 0.4e6]) {
    watched.estimator.takeRemb(bitrateBps, watched.nowMs);
    watched.run(2000);
  }
  assert(watched.moments.every(({ estimateBps }) => estimateBps >= STREAM_BPS - 1));
});

Deno.test("estimate: whoever claims to get everything is believed what it was sent, and no more", () => {
  const estimator = new BandwidthEstimator({
    startBps: 500_000,
    minBps: SOUND_BPS,
    maxBps: 50_000_000,
    nowMs: 0,
  });
  let [sentBytes, paddedBytes] = [0, 0];
  for (let nowMs = 0; nowMs < 60_000; nowMs += 5) {
    estimator.update(nowMs, { wantedBps: 2_000_000 });
    const ask = () => {
      if (!estimator.wantsEcho(nowMs)) return;
      // At once, whatever lies before it.
      estimator.takeRoundTrip(0, estimator.echoAsked(nowMs), nowMs);
    };
    ask();
    const padding = estimator.paddingBytes(nowMs);
    estimator.padded(padding, nowMs);
    estimator.sent(estimator.estimateBps * 5 / 8000, nowMs);
    sentBytes += estimator.estimateBps * 5 / 8000;
    paddedBytes += padding;
    ask();
    if (nowMs % 100 === 0) estimator.takeRemb(1e12, nowMs);
    if (nowMs % 1000 === 0) estimator.takeLoss(0, nowMs);
  }
  // What it wants, and what probing for that needs beside it.
  assert(estimator.estimateBps <= 1.3 * 2_000_000, `${estimator.estimateBps}`);
  assert(paddedBytes <= 0.02 * sentBytes, `${paddedBytes} of ${sentBytes}`);
});

Deno.test("estimate: whoever feigns congestion and relief is padded a tenth of what it wants", () => {
  const estimator = new BandwidthEstimator({
    startBps: 2_000_000,
    minBps: SOUND_BPS,
    maxBps: 5_000_000,
    nowMs: 0,
  });
  let [paddedBytes, least] = [0, Infinity];
  for (let nowMs = 0; nowMs < 120_000; nowMs += 5) {
    estimator.update(nowMs, { wantedBps: 2_000_000 });
    const roundTripMs = nowMs % 6000 < 2500 ? 300 : 0;
    const ask = () => {
      if (!estimator.wantsEcho(nowMs)) return;
      estimator.takeRoundTrip(roundTripMs, estimator.echoAsked(nowMs), nowMs);
    };
    ask();
    const padding = estimator.paddingBytes(nowMs);
    estimator.padded(padding, nowMs);
    paddedBytes += padding;
    estimator.sent(estimator.estimateBps * 5 / 8000, nowMs);
    ask();
    least = Math.min(least, estimator.estimateBps);
  }
  assert(least < 1_500_000, "it was believed");
  assert(paddedBytes * 8 / 120 <= 200_000, `${paddedBytes}`);
});

Deno.test("estimate: what cannot be true changes nothing", () => {
  const estimator = new BandwidthEstimator({ startBps: 1e6, minBps: 1e5, maxBps: 2e6, nowMs: 0 });
  estimator.sent(10_000, 10);
  for (const lie of [NaN, -1, Infinity, 1e30]) {
    estimator.takeLoss(lie, 20);
    estimator.takeRoundTrip(lie, 20, 20);
    estimator.takeRemb(lie, 20);
    estimator.takeNack(lie, 20);
    estimator.update(20, { wantedBps: 1e6 });
  }
  assertEquals(Math.round(estimator.estimateBps), 1_000_000);
  assertEquals(estimator.baseRoundTripMs, Infinity);
  const wide = new BandwidthEstimator({ startBps: 1e30, minBps: 3e6, maxBps: 2e6, nowMs: 0 });
  assertEquals(wide.estimateBps, 3e6);
});

Deno.test("estimate: who answers no checks is judged by reports", () => {
  const estimator = new BandwidthEstimator({ startBps: 2e6, minBps: 1e5, maxBps: 2e6, nowMs: 0 });
  for (let nowMs = 0; nowMs < 20_000; nowMs += 10) {
    estimator.sent(2500, nowMs);
    estimator.update(nowMs, { wantedBps: 2e6 });
    if (estimator.wantsEcho(nowMs)) estimator.echoAsked(nowMs);
    if (nowMs % 1000 === 500) estimator.takeRoundTrip(20, nowMs - 500, nowMs);
    if (nowMs % 1000 === 500) estimator.takeLoss(nowMs > 10_000 ? 0.5 : 0, nowMs);
    if (nowMs === 10_000) {
      assertEquals([estimator.state, estimator.estimateBps], ["clear", 2e6 * 0.85]);
    }
  }
  assert(estimator.estimateBps < 1e6);
});
