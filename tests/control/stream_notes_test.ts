import { assertEquals, assertMatch } from "@std/assert";
import { viewerNotes } from "../../src/control/stream_notes.ts";

function notes(video: string | null, audio: string | null): string[] {
  return viewerNotes({
    video: video === null ? null : {
      ...{ codec: video, width: 640, height: 360, frameRate: 30, bitrateBps: null },
      ...{ keyFrameDistanceMs: null, bFrames: null, refreshes: false },
    },
    audio: audio === null
      ? null
      : { codec: audio, sampleRate: 48_000, channels: 2, bitrateBps: null },
  });
}

Deno.test("viewerNotes: nothing is missed of FLV's own codecs", () => {
  assertEquals(viewerNotes(undefined), []);
  assertEquals(notes(null, null), []);
  for (const audio of ["mp4a.40.2", "mp4a.40.5", "mp3", "g711-alaw", "pcm", "speex"]) {
    assertEquals(notes("avc1.42e01f", audio), [], audio);
  }
});

Deno.test("viewerNotes: who knows only AAC shows the pictures of a stream with Opus", () => {
  const [sound, ...others] = notes("avc1.42e01f", "opus");
  assertMatch(sound!, /sound is Opus: players .* only AAC show the pictures without sound\./);
  assertEquals(others, []);
  for (const audio of ["flac", "ac-3", "ec-3"]) assertEquals(notes(null, audio).length, 1, audio);
});

Deno.test("viewerNotes: pictures that need Enhanced RTMP", () => {
  const table = [
    ["vp08.00.10.08", /pictures are VP8: .* Enhanced RTMP/],
    ["vp09.00.10.08", /pictures are VP9/],
    ["av01.0.04M.08", /pictures are AV1/],
    ["hvc1.1.6.L93.B0", /pictures are HEVC/],
  ] as const;
  for (const [video, wanted] of table) {
    const [pictures, sound] = notes(video, "opus");
    assertMatch(pictures!, wanted);
    assertMatch(sound!, /sound is Opus/);
  }
});
