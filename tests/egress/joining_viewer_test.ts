/** Viewers that join within a group of pictures, all of which they are sent as fast as may be. */
import { assert, assertEquals } from "@std/assert";
import { type LinkConditions, SimulatedLink } from "../../testing/network/simulated_link.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { NarrowViewer } from "./narrow_viewer.ts";

/** A key frame is published at this time, and the next one two seconds later. */
const GROUP_MS = 6000;
const MOMENTS_MS = [0, 400, 800, 1200, 1600, 1900];
const WATCHED_MS = 6000;

/** How late a picture is whose viewer is not behind, beside the way; and one that comes too late. */
const LIVE_MS = 60;
const TOO_LATE_MS = 400;

function join(joinAfterMs: number, conditions: Partial<LinkConditions>) {
  const { capacityBps = 100e6, roundTripMs = 10 } = conditions;
  const link = new SimulatedLink(
    { queueMs: 300, lossFraction: 0, burstBytes: 1600, capacityBps, roundTripMs },
    seededRandom(5),
  );
  const joinMs = GROUP_MS + joinAfterMs;
  const viewer = new NarrowViewer({ joinMs }, link);
  viewer.run(joinMs + WATCHED_MS);
  const decoded = viewer.decoded(joinMs);
  const live = decoded.find(({ atMs, decodedMs }) => decodedMs! - atMs < roundTripMs / 2 + LIVE_MS);
  const published = viewer.pictures.filter(({ atMs }) => atMs >= joinMs);
  const missed = published.findLast(({ atMs, decodedMs = Infinity }) =>
    decodedMs - atMs > TOO_LATE_MS && atMs < joinMs + WATCHED_MS - TOO_LATE_MS
  );
  return {
    droppedCount: link.droppedCount,
    missedSound: viewer.missedSound(joinMs, joinMs + WATCHED_MS),
    firstMs: decoded[0]!.decodedMs! - joinMs,
    liveMs: (live?.decodedMs ?? Infinity) - joinMs,
    fullMs: (missed?.atMs ?? joinMs) - joinMs,
    longestQueueMs: Math.max(...viewer.queuesMs),
    narrowings: viewer.opened.events.narrowings,
  };
}

for (const capacityBps of [8e6, 5e6, 3e6]) {
  for (const joinAfterMs of MOMENTS_MS) {
    Deno.test(`RtpViewer: joined ${joinAfterMs} ms into a group, a link of ${capacityBps / 1e6} Mbit/s is not flooded`, () => {
      const joined = join(joinAfterMs, { capacityBps });
      const told = JSON.stringify(joined);
      assertEquals(joined.droppedCount, 0, told);
      assert(joined.missedSound < 0.03, told);
      assert(joined.longestQueueMs < 200, told);
      assert(joined.fullMs < 3000, told);
    });
  }
}

Deno.test("RtpViewer: joined over a narrow link that is far away, little is lost", () => {
  for (const joinAfterMs of MOMENTS_MS) {
    const joined = join(joinAfterMs, { capacityBps: 3e6, roundTripMs: 150 });
    assert(joined.droppedCount <= 50, `${joinAfterMs}: ${JSON.stringify(joined)}`);
  }
});

/** As fast as 16 packets in 4 ms are, and some more for the first echoes. */
const REPLAY_PACKETS_PER_MS = 4;
const PICTURE_PACKETS_PER_MS = 7 * 30 / 1000;

for (const [roundTripMs, moreMs] of [[10, 50], [150, 200]] as const) {
  Deno.test(`RtpViewer: joined over a clear link of ${roundTripMs} ms, it is live soon`, () => {
    for (const joinAfterMs of MOMENTS_MS) {
      const joined = join(joinAfterMs, { roundTripMs });
      const told = `${joinAfterMs}: ${JSON.stringify(joined)}`;
      const replayMs = (34 + joinAfterMs * PICTURE_PACKETS_PER_MS) / REPLAY_PACKETS_PER_MS;
      assert(joined.firstMs <= roundTripMs / 2 + 8 + moreMs, told);
      assert(joined.liveMs <= roundTripMs / 2 + replayMs + moreMs, told);
      assertEquals(joined.narrowings, 0, told);
    }
  });
}
