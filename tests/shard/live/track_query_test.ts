import { assertEquals } from "@std/assert";
import { missingTrack, trackQuery } from "../../../src/shard/live/track_query.ts";
import { LogReader } from "../../../src/stream/log_reader.ts";
import { LogWriter } from "../../../src/stream/log_writer.ts";
import { Publication } from "../../../src/stream/publication.ts";
import { ofTrack, vp8InterFrame, vp8KeyFrame } from "../../../testing/media/enhanced_samples.ts";

const NUMBER = { problem: 'A track\'s number must be 0..255, or "auto" for pictures' };

const QUERIES = [
  ["", { audio: true, video: true }],
  ["audio=0", { audio: false, video: true }],
  ["video=0", { audio: true, video: false }],
  ["audio=0&video=0", { problem: "There is nothing to send with audio=0 and video=0" }],
  ["vtrack=1", { audio: true, video: true, videoTrack: 1 }],
  ["vtrack=0&atrack=255", { audio: true, video: true, videoTrack: 0, audioTrack: 255 }],
  // Of what is left out, no track is chosen.
  ["vtrack=1&video=0&atrack=2", { audio: true, video: false, audioTrack: 2 }],
  ["vtrack=auto", { audio: true, video: true, wantsFitting: true }],
  ["vtrack=auto&video=0", { audio: true, video: false }],
  ["atrack=auto", NUMBER],
  ["vtrack=256", NUMBER],
  ["vtrack=", NUMBER],
  ["vtrack=-1", NUMBER],
  ["atrack=1.5", NUMBER],
  ["atrack=0x1", NUMBER],
  ["atrack=0001", NUMBER],
] as const;

Deno.test("tracks in a query", () => {
  for (const [query, selection] of QUERIES) {
    assertEquals(trackQuery(new URLSearchParams(query)), selection as unknown, query);
  }
});

Deno.test("a track that is not there is told with those that are, once they are known", () => {
  const shared = LogWriter.allocate(1 << 20);
  const log = new LogReader(shared);
  const publication = new Publication(new LogWriter(shared, { windowMs: 1000 }), {
    trackSettleMs: 40,
  });
  const missing = (audioTrack: number | undefined, videoTrack: number | undefined) =>
    missingTrack({
      audio: true,
      video: true,
      ...(audioTrack !== undefined && { audioTrack }),
      ...(videoTrack !== undefined && { videoTrack }),
    }, log);
  publication.video(0, vp8KeyFrame(64, 32), 0);
  assertEquals(missing(undefined, 9), undefined);
  publication.video(40, vp8InterFrame(), 40);
  assertEquals(missing(undefined, undefined), undefined);
  assertEquals(missing(undefined, 0), undefined);
  assertEquals(missing(undefined, 9), "There is no video track 9: the stream has 0");
  assertEquals(missing(0, 0), "There is no audio track 0: the stream has no audio");
  publication.video(40, ofTrack(12, vp8KeyFrame(64, 32)), 40);
  publication.video(40, ofTrack(3, vp8KeyFrame(64, 32)), 40);
  assertEquals(missing(undefined, 12), undefined);
  assertEquals(missing(undefined, 9), "There is no video track 9: the stream has 0, 3, 12");
});
