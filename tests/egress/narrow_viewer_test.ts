import { assert, assertEquals } from "@std/assert";
import { SimulatedLink } from "../../testing/network/simulated_link.ts";
import { SimulatedTcp } from "../../testing/network/simulated_tcp.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { NarrowViewer, type SimulatedPicture } from "./narrow_viewer.ts";

const CUT_MS = 5000;
const RELIEF_MS = 35_000;
const END_MS = 45_000;
/** How long it may take until a change is known. */
const SETTLE_MS = 2000;
const MAX_FULL_AFTER_MS = 5000;

/** A viewer whose link is narrow for half a minute. */
function narrowFor(capacityBps: number, stream?: { readonly hasUnreferenced?: boolean }) {
  const narrow = new NarrowViewer(stream);
  narrow.run(CUT_MS);
  narrow.link.change({ capacityBps }, CUT_MS);
  narrow.run(RELIEF_MS);
  const quality = narrow.opened.viewer.quality;
  narrow.link.change({ capacityBps: 100e6 }, RELIEF_MS);
  narrow.run(END_MS);
  return { narrow, quality };
}

/** Fails if a picture was sent without one that it refers to. */
function assertReferencesSent(pictures: readonly SimulatedPicture[], fromMs: number): void {
  let isWhole = true;
  for (const { atMs, isKeyFrame, isUnreferenced, sent, begin, end } of pictures) {
    // What is given up ends within a picture.
    const isSent = sent.size === end - begin;
    if (sent.size > 0) assert(isWhole || isKeyFrame || atMs < fromMs, `${atMs} ms is of no use`);
    if (isKeyFrame) isWhole = isSent;
    else if (isSent) assert(isWhole || atMs < fromMs, `picture of ${atMs} ms lacks a reference`);
    else if (!isUnreferenced) isWhole = false;
  }
}

for (const capacityBps of [1_500_000, 1_000_000, 400_000, 250_000]) {
  Deno.test(`RtpViewer: on a link of ${capacityBps / 1000} kbit/s, sound always and pictures that fit`, () => {
    const { narrow, quality } = narrowFor(capacityBps);
    const settledMs = CUT_MS + SETTLE_MS;
    const told = JSON.stringify({
      quality,
      missed: narrow.missedSound(settledMs, RELIEF_MS),
      missedInAll: narrow.missedSound(CUT_MS, RELIEF_MS),
      gapMs: narrow.longestGapMs(settledMs, RELIEF_MS),
      queueMs: narrow.queueP95Ms(settledMs, RELIEF_MS),
      frames: narrow.decoded(settledMs, RELIEF_MS).length,
    });
    assert(narrow.missedSound(settledMs, RELIEF_MS) < 0.02, told);
    // A probe has two packets at least, which take so long on a very narrow link.
    const maxQueueMs = capacityBps >= 400_000 ? 60 : 120;
    assert(narrow.queueP95Ms(settledMs, RELIEF_MS) < maxQueueMs, told);
    assertReferencesSent(narrow.pictures, CUT_MS);
    const first = narrow.videoSequences[0]!;
    assertEquals(narrow.videoSequences, narrow.videoSequences.map((_, at) => first + at));
    if (capacityBps >= 400_000) assert(narrow.longestGapMs(settledMs, RELIEF_MS) <= 2000, told);
    const full = narrow.decoded(RELIEF_MS + MAX_FULL_AFTER_MS, END_MS).length;
    assert(full >= 0.95 * 30 * (END_MS - RELIEF_MS - MAX_FULL_AFTER_MS) / 1000, `${full}, ${told}`);
    assertEquals(narrow.opened.viewer.quality, "all");
    assertEquals(narrow.opened.events.narrowings, 1);
    // Where a key frame takes longer than two groups, its packets may be gone before they are sent.
    if (capacityBps >= 400_000) assertEquals(narrow.opened.events.jumps, 0);
  });
}

Deno.test("RtpViewer: beside a download by TCP, pictures come, and neither starves", () => {
  const watched = new NarrowViewer();
  watched.run(4000);
  watched.link.change({ capacityBps: 1_000_000 }, watched.nowMs);
  const tcp = new SimulatedTcp(watched.link);
  const run = (untilMs: number) => {
    while (watched.nowMs < untilMs) {
      watched.run(watched.nowMs + 4);
      tcp.advance(watched.nowMs);
    }
  };
  run(20_000);
  const before = tcp.ackedBytes;
  run(80_000);
  const gapMs = watched.longestGapMs(20_000, 80_000);
  assert(gapMs <= 6000, `${gapMs} ms without a picture`);
  const tcpPart = (tcp.ackedBytes - before) * 8 / 60 / 1_000_000;
  assert(tcpPart >= 0.25 && tcpPart <= 0.75, `${tcpPart} of the link is TCP's`);
});

Deno.test("RtpViewer: whenever a download begins on a narrow link, pictures come again soon", () => {
  for (const joinedMs of [4000, 4500, 5000, 5500]) {
    const watched = new NarrowViewer();
    watched.run(joinedMs);
    watched.link.change({ capacityBps: 1_000_000 }, watched.nowMs);
    const tcp = new SimulatedTcp(watched.link);
    while (watched.nowMs < joinedMs + 20_000) {
      watched.run(watched.nowMs + 4);
      tcp.advance(watched.nowMs);
    }
    const gapMs = watched.longestGapMs(joinedMs, joinedMs + 20_000);
    assert(gapMs <= 5000, `${joinedMs}: ${gapMs} ms without a picture`);
  }
});

Deno.test("RtpViewer: sound is not repeated for what a queue has lost, which is over", () => {
  const narrow = new NarrowViewer();
  narrow.run(CUT_MS);
  narrow.link.change({ capacityBps: 500_000 }, CUT_MS);
  for (let nowMs = CUT_MS + 600; nowMs < CUT_MS + 4000; nowMs += 1000) {
    narrow.run(nowMs);
    narrow.reportSoundLoss(0.06);
  }
  narrow.run(CUT_MS + 10_000);
  assertEquals(narrow.redundancy, 0);
});

Deno.test("RtpViewer: on a narrow link that loses packets, sound is repeated as far as pictures have room beside it", () => {
  const narrow = new NarrowViewer();
  narrow.link.change({ lossFraction: 0.1 }, 0);
  narrow.run(2 * CUT_MS);
  assertEquals(narrow.redundancy, 2);
  narrow.link.change({ capacityBps: 400_000 }, 2 * CUT_MS);
  narrow.run(3 * CUT_MS);
  narrow.longestSoundBytes = 0;
  narrow.run(4 * CUT_MS);
  assertEquals(narrow.redundancy, 1);
});

Deno.test("RtpViewer: a link that carries all pictures, but not twice, is hardly asked for more", () => {
  const narrow = new NarrowViewer();
  narrow.link.change({ capacityBps: 1_000_000 }, 0);
  narrow.run(CUT_MS);
  narrow.link.change({ capacityBps: 3_000_000 }, CUT_MS);
  narrow.run(2 * CUT_MS);
  const before = narrow.retransmittedBytes;
  narrow.run(RELIEF_MS);
  const paddedBps = (narrow.retransmittedBytes - before) * 8000 / (RELIEF_MS - 2 * CUT_MS);
  assert(paddedBps < 20_000, `${paddedBps}`);
  assertEquals(narrow.opened.viewer.quality, "all");
});

Deno.test("RtpViewer: who answers nothing is sent sound alone, until it answers again", () => {
  const narrow = new NarrowViewer();
  narrow.run(CUT_MS);
  narrow.link.change({ lossFraction: 1 }, CUT_MS);
  narrow.run(RELIEF_MS);
  const sentMs = narrow.pictures.filter(({ sent }) => sent.size > 0).map(({ atMs }) => atMs);
  // What had begun by then is sent to the end of its group.
  assert(sentMs.at(-1)! < CUT_MS + 6000, `${sentMs.at(-1)}`);
  assert(narrow.sound.length > 0.95 * RELIEF_MS / 20);
  narrow.link.change({ lossFraction: 0 }, RELIEF_MS);
  narrow.run(END_MS);
  const full = narrow.decoded(RELIEF_MS + MAX_FULL_AFTER_MS, END_MS).length;
  assert(full >= 0.95 * 30 * (END_MS - RELIEF_MS - MAX_FULL_AFTER_MS) / 1000, `${full}`);
});

/** When a link may become narrow, over one group of pictures. */
const cutTimesMs = Array.from({ length: 10 }, (_, at) => CUT_MS + at * 200);

/** What a viewer is shown whose link becomes narrow then. */
function narrowAt(cutMs: number, capacityBps: number, durationMs: number): NarrowViewer {
  const narrow = new NarrowViewer();
  narrow.run(cutMs);
  narrow.link.change({ capacityBps }, cutMs);
  narrow.run(cutMs + durationMs);
  return narrow;
}

for (const capacityBps of [1_500_000, 1_000_000, 400_000]) {
  Deno.test(`RtpViewer: ${capacityBps / 1000} kbit/s are found whenever the link becomes narrow`, () => {
    for (const cutMs of cutTimesMs) {
      const durationMs = 30_000;
      const narrow = narrowAt(cutMs, capacityBps, durationMs);
      const span = [cutMs + SETTLE_MS, cutMs + durationMs] as const;
      const told = `${cutMs}: ${narrow.missedSound(...span)} of the sound missed, ` +
        `${narrow.longestGapMs(...span)} ms without picture, queue ${
          narrow.queueP95Ms(...span)
        } ms`;
      assert(narrow.missedSound(...span) < 0.02, told);
      assert(narrow.longestGapMs(...span) <= 2000, told);
      assert(narrow.queueP95Ms(...span) < 80, told);
      assert(narrow.missedSound(cutMs, span[1]) < 0.13, told);
    }
  });
}

Deno.test("RtpViewer: a key frame that was lost as the link became narrow is gone back to", () => {
  const gapsMs = cutTimesMs.map((cutMs) =>
    narrowAt(cutMs, 400_000, 8000).longestGapMs(cutMs, cutMs + 8000)
  );
  const meanMs = gapsMs.reduce((sum, gapMs) => sum + gapMs, 0) / gapsMs.length;
  assert(meanMs <= 2500 && Math.max(...gapsMs) <= 3500, `${gapsMs}`);
});

Deno.test("RtpViewer: key frames to all viewers of a link that they fill by 80 % make it narrow for hardly any", () => {
  const conditions = { queueMs: 110, roundTripMs: 10, lossFraction: 0 };
  const link = new SimulatedLink({ capacityBps: 26.3e6, ...conditions }, seededRandom(5));
  const crowd = Array.from({ length: 10 }, () => new NarrowViewer({}, link));
  for (let nowMs = 4; nowMs <= 12_000; nowMs += 4) {
    for (const viewer of crowd) viewer.run(nowMs);
  }
  const narrowings = crowd.map(({ opened }) => opened.events.narrowings);
  assert(narrowings.reduce((sum, count) => sum + count, 0) <= 1, `${narrowings}`);
});
