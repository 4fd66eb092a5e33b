import { assertEquals } from "@std/assert";
import type { Intake } from "../../src/stream/track_intake.ts";
import { VideoTrack } from "../../src/stream/video_track.ts";
import { fromHex, mutate, seededRandom } from "../../testing/mutation.ts";
import {
  H264_B_FRAME,
  H264_CONFIGURATION,
  H264_INTER_FRAME,
  H264_KEY_FRAME,
  OTHER_H264_CONFIGURATION,
  takeOne,
} from "./track_samples.ts";

const H263_KEY_FRAME = fromHex("12 000084");
const H263_INTER_FRAME = fromHex("22 000084");

/** Intakes in short: a skip by its reason, a frame by whether it is a key frame. */
function short(intake: Intake): string {
  if (intake.kind === "skip") return intake.reason;
  return intake.kind === "frame" && intake.isKeyFrame ? "key frame" : intake.kind;
}

const CASES: readonly (readonly [body: Uint8Array, intake: string])[][] = [
  [
    [H264_CONFIGURATION, "configuration"],
    [H264_INTER_FRAME, "awaiting-key-frame"],
    [H264_KEY_FRAME, "key frame"],
    [H264_INTER_FRAME, "frame"],
    [H264_B_FRAME, "frame"],
    [OTHER_H264_CONFIGURATION, "configuration"],
    [H264_INTER_FRAME, "frame"],
  ],
  [[H264_KEY_FRAME, "no-configuration"], [H264_INTER_FRAME, "no-configuration"]],
  [[H263_INTER_FRAME, "awaiting-key-frame"], [H263_KEY_FRAME, "key frame"]],
  [[H263_KEY_FRAME, "key frame"], [H264_INTER_FRAME, "no-configuration"]],
  [[new Uint8Array(0), "empty"], [fromHex("1701000000"), "empty"]],
  [[fromHex("1702000000"), "redundant"], [fromHex("57 00"), "redundant"]],
  [[fromHex("90 76766331 00"), "unsupported-codec"], [fromHex("1e 00"), "unsupported-codec"]],
  [[fromHex("1700000000 01"), "malformed"], [fromHex("1701"), "malformed"]],
  [[fromHex("07 00"), "malformed"], [fromHex("1703000000"), "malformed"]],
  // A configuration that cannot be parsed does not stand for one.
  [[fromHex("1700000000 02"), "malformed"], [H264_KEY_FRAME, "no-configuration"]],
  // A picture cut within its length.
  [
    [H264_CONFIGURATION, "configuration"],
    [fromHex("1701000000 000000ff 65"), "malformed"],
    [H264_INTER_FRAME, "awaiting-key-frame"],
  ],
];

Deno.test("VideoTrack: what becomes of messages, one after another", () => {
  for (const messages of CASES) {
    const track = new VideoTrack();
    assertEquals(
      messages.map(([body]) => short(takeOne(track, body))),
      messages.map(([, intake]) => intake),
    );
  }
});

Deno.test("VideoTrack: says what it cannot carry, and what is wrong", () => {
  const detailOf = (body: Uint8Array) => {
    const intake = takeOne(new VideoTrack(), body);
    return intake.kind === "skip" ? intake.detail?.() : undefined;
  };
  assertEquals(detailOf(fromHex("90 76766331 00")), "video codec vvc1");
  assertEquals(detailOf(fromHex("1e 00")), "video codec 14");
  assertEquals(
    detailOf(fromHex("1701")),
    "Cannot parse video body: it must have 5 bytes, got 2",
  );
});

Deno.test("VideoTrack: describes what it carries", () => {
  const track = new VideoTrack();
  assertEquals(track.describe(), undefined);
  takeOne(track, H264_CONFIGURATION);
  const described = {
    codec: "avc1.4d400a",
    width: 16,
    height: 16,
    frameRate: null,
    bitrateBps: null,
    keyFrameDistanceMs: null,
    bFrames: false,
    refreshes: false,
  };
  assertEquals(track.describe(), described);
  for (const body of [H264_KEY_FRAME, H264_INTER_FRAME]) takeOne(track, body);
  assertEquals(track.describe(), described);
  takeOne(track, H264_B_FRAME);
  takeOne(track, H264_INTER_FRAME);
  assertEquals(track.describe(), { ...described, bFrames: true });
  for (let at = 0; at <= 50; at++) track.statistics.addFrame(at * 40, 500, at % 25 === 0);
  assertEquals(track.describe(), {
    ...described,
    bFrames: true,
    frameRate: 25,
    bitrateBps: 100_000,
    keyFrameDistanceMs: 1000,
  });

  const h263 = new VideoTrack();
  takeOne(h263, H263_KEY_FRAME);
  const unknown = { codec: "h263", width: null, height: null, bFrames: null };
  assertEquals(h263.describe(), { ...described, ...unknown });
});

Deno.test("VideoTrack: an SPS that cannot be read leaves the size unknown", () => {
  const track = new VideoTrack();
  assertEquals(
    short(takeOne(track, fromHex("1700000000 0164001f ff e1 0001 67 00"))),
    "configuration",
  );
  const { codec, width, height } = track.describe()!;
  assertEquals([codec, width, height], ["avc1.64001f", null, null]);
});

Deno.test("VideoTrack: throws nothing, whatever comes", () => {
  const random = seededRandom(1);
  const samples = [H264_CONFIGURATION, H264_KEY_FRAME, H264_B_FRAME, H263_KEY_FRAME];
  const track = new VideoTrack();
  takeOne(track, H264_CONFIGURATION);
  for (let round = 0; round < 4000; round++) {
    track.take(mutate(samples[round % samples.length]!, random), round, round);
  }
});
