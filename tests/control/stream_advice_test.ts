import { assert, assertEquals } from "@std/assert";
import { summariseWebrtc } from "../../src/control/stream_advice.ts";
import type { BFrameReport } from "../../src/egress/video_packet_maker.ts";
import type { StreamReport } from "../../src/shard/live/stream_report.ts";

const CLEAN: BFrameReport = {
  bFrames: false,
  areDropped: true,
  exact: true,
  inexactReason: undefined,
};
const EXACT: BFrameReport = { ...CLEAN, bFrames: true };
const INEXACT: BFrameReport = {
  bFrames: true,
  areDropped: true,
  exact: false,
  inexactReason: "a P picture",
};

function report(webrtcViewers: number, webrtc: BFrameReport | undefined): StreamReport {
  const publication = undefined;
  return {
    streamId: 1,
    viewers: 9,
    rtmpViewers: 0,
    groupOverflows: false,
    publication,
    webrtcViewers,
    traffic: { frames: 0, receivedBytes: 0, sentBytes: 0 },
    webrtc,
  };
}

const LOOKS: readonly (readonly [
  looks: readonly (BFrameReport | undefined)[],
  bFrames: boolean | null,
  exact: boolean | null,
])[] = [
  [[], null, null],
  [[undefined, undefined], null, null],
  [[undefined, CLEAN], false, true],
  [[CLEAN, EXACT, undefined], true, true],
  [[EXACT, INEXACT, CLEAN], true, false],
  [[INEXACT], true, false],
];

Deno.test("summariseWebrtc: what one shard has seen holds for the stream", () => {
  for (const [looks, bFrames, exact] of LOOKS) {
    const summary = summariseWebrtc(looks.map((look) => report(2, look)), undefined);
    assertEquals([summary.bFrames, summary.exact], [bFrames, exact]);
    assertEquals(summary.viewers, 2 * looks.length);
    assertEquals(summary.advice === null, bFrames !== true);
  }
});

Deno.test("summariseWebrtc: the advice names the settings, and what is wrong with the picture", () => {
  const exact = summariseWebrtc([report(0, EXACT)], undefined).advice!;
  const inexact = summariseWebrtc([report(0, EXACT), report(0, INEXACT)], undefined).advice!;
  for (const advice of [exact, inexact]) {
    for (const part of ["OBS", "Max B-frames to 0", "-bf 0", "-tune zerolatency"]) {
      assert(advice.includes(part), advice);
    }
  }
  assert(inexact.includes("(a P picture)") && inexact.includes("damaged"), inexact);
  assert(!exact.includes("damaged"), exact);
  const unexplained = summariseWebrtc(
    [report(0, { ...INEXACT, inexactReason: undefined })],
    undefined,
  );
  assert(!/undefined|\(/.test(unexplained.advice!), unexplained.advice!);
});

const VIDEO = {
  ...{ codec: "avc1.64000c", width: 320, height: 180 },
  ...{ frameRate: 25, bitrateBps: 1, keyFrameDistanceMs: 1, bFrames: true, refreshes: false },
};
const WITH_B_FRAMES = { video: VIDEO, advice: [] };

Deno.test("summariseWebrtc: what else the publisher should change, unless there are B-frames", () => {
  const advised = { video: { ...VIDEO, bFrames: false }, advice: ["Turn it off."] };
  assertEquals(summariseWebrtc([report(0, CLEAN)], advised).advice, "Turn it off.");
  assertEquals(summariseWebrtc([], advised).advice, "Turn it off.");
  assert(summariseWebrtc([report(0, EXACT)], advised).advice?.includes("B-frames"));
});

Deno.test("summariseWebrtc: before anybody watches, what the publisher's timestamps tell", () => {
  const { bFrames, exact, advice } = summariseWebrtc([report(0, undefined)], WITH_B_FRAMES);
  assertEquals([bFrames, exact, typeof advice], [true, null, "string"]);
  assertEquals(summariseWebrtc([report(0, undefined)], undefined).advice, null);
  assertEquals(summariseWebrtc([report(0, CLEAN)], WITH_B_FRAMES).bFrames, false);
});
