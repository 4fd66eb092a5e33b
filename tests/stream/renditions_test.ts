import { assertEquals } from "@std/assert";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { Renditions } from "../../src/stream/renditions.ts";
import {
  enhancedVideo,
  H265_CONFIGURATION,
  H265_KEY_FRAME,
  ofTrack,
  vp8InterFrame,
  vp8KeyFrame,
} from "../../testing/media/enhanced_samples.ts";
import { AVCC_SAMPLES } from "../../testing/media/corpus.ts";
import { H264_KEY_FRAME } from "./track_samples.ts";
import { concat } from "@std/bytes/concat";

const FRAME_MS = 40;

function open() {
  const shared = LogWriter.allocate(1 << 22);
  const publication = new Publication(new LogWriter(shared, { windowMs: 20_000 }), {
    trackSettleMs: 0,
  });
  const log = new LogReader(shared);
  const take = (timestampMs: number, body: Uint8Array) =>
    publication.video(timestampMs, body, timestampMs);
  return { log, renditions: new Renditions(log), take };
}

/** A body that is filled up to so many bytes. */
function filled(body: Uint8Array, size: number): Uint8Array {
  return concat([body, new Uint8Array(size - body.length)]);
}

Deno.test("Renditions: the tracks that go on, by what is really sent of them", () => {
  const { renditions, take } = open();
  const sizes = [[0, 400], [2, 1000], [7, 100]] as const;
  const send = (timestampMs: number, tracks: readonly (readonly [number, number])[]) => {
    const isKey = timestampMs % 2000 === 0;
    for (const [trackId, size] of tracks) {
      const body = filled(isKey ? vp8KeyFrame(64, 32) : vp8InterFrame(), size);
      take(timestampMs, trackId === 0 ? body : ofTrack(trackId, body));
    }
  };
  send(0, [sizes[0]]);
  assertEquals(renditions.recent(0), []);
  for (let timestampMs = 0; timestampMs < 10_000; timestampMs += FRAME_MS) send(timestampMs, sizes);
  assertEquals(renditions.recent(499), [], "it is looked again only after a while");
  const list = renditions.recent(500);
  assertEquals(list.map(({ trackId, isDefault }) => [trackId, isDefault]), [
    [2, false],
    [0, true],
    [7, false],
  ]);
  assertEquals(
    list.map(({ bitrateBps, frameRate, keyFrameDistanceMs }) => [
      bitrateBps,
      frameRate,
      keyFrameDistanceMs,
    ]),
    [[200_000, 25, 2000], [80_000, 25, 2000], [20_000, 25, 2000]],
  );
  const rest = sizes.slice(0, 2);
  for (let timestampMs = 10_000; timestampMs < 12_000; timestampMs += FRAME_MS) {
    send(timestampMs, rest);
  }
  assertEquals(renditions.recent(1000).map(({ trackId }) => trackId), [2, 0]);
});

Deno.test("Renditions: those of another codec are none, and configurations tell sizes", () => {
  const { renditions, take } = open();
  const configuration = enhancedVideo("h264", "configuration", "key", AVCC_SAMPLES[1]!);
  const frame = enhancedVideo(
    "h264",
    "frame",
    "key",
    concat([new Uint8Array(3), H264_KEY_FRAME.subarray(5)]),
  );
  for (const timestampMs of [0, 1000]) {
    for (const trackId of [0, 1, 2]) {
      const codec = trackId === 2 ? [H265_CONFIGURATION, H265_KEY_FRAME] : [configuration, frame];
      for (const body of codec) take(timestampMs, ofTrack(trackId, body));
    }
  }
  assertEquals(
    renditions.recent(0).map((
      { trackId, codec, width, height },
    ) => [trackId, codec, width, height]),
    [[0, "h264", 16, 16], [1, "h264", 16, 16]],
  );
});

Deno.test("Renditions: where configurations tell no size, the newest key frame does", () => {
  const { renditions, take } = open();
  const sizes = () =>
    renditions.recent(nowMs += 500).map(({ trackId, codec, width, height }) => [
      trackId,
      codec,
      width,
      height,
    ]);
  let nowMs = 0;
  for (let timestampMs = 0; timestampMs < 400; timestampMs += FRAME_MS) {
    const isKey = timestampMs % 200 === 0;
    take(timestampMs, filled(isKey ? vp8KeyFrame(640, 360) : vp8InterFrame(), 500));
    take(timestampMs, ofTrack(1, isKey ? vp8KeyFrame(320, 180) : vp8InterFrame()));
  }
  assertEquals(sizes(), [[0, "vp8", 640, 360], [1, "vp8", 320, 180]]);
  take(400, ofTrack(1, vp8KeyFrame(160, 90)));
  take(400, filled(vp8InterFrame(), 500));
  assertEquals(sizes(), [[0, "vp8", 640, 360], [1, "vp8", 160, 90]]);
});
