import { assertEquals, assertStrictEquals } from "@std/assert";
import { legacyAudioBody, legacyVideoBody } from "../../src/flv/legacy_body.ts";
import { parseAudioBody } from "../../src/flv/audio_body.ts";
import { splitAudioTracks, splitVideoTracks } from "../../src/flv/multitrack.ts";
import { parseVideoBody } from "../../src/flv/video_body.ts";
import { enhancedAudio, enhancedVideo, ofTrack } from "../stream/enhanced_samples.ts";
import { wellFormed } from "../malformed.ts";

const DATA = Uint8Array.of(0, 0, 0, 1, 0x65);

Deno.test("legacyVideoBody: each packet of H.264 in its legacy form", () => {
  const timed = (cts: readonly number[]) => Uint8Array.of(...cts, ...DATA);
  const cases: readonly (readonly [Uint8Array, boolean, number[] | undefined])[] = [
    [enhancedVideo("h264", "configuration", "key", DATA), true, [0x17, 0, 0, 0, 0, ...DATA]],
    [enhancedVideo("h264", "frame", "key", timed([0, 0, 80])), true, [0x17, 1, 0, 0, 80, ...DATA]],
    [
      enhancedVideo("h264", "frame", "inter", timed([0xff, 0xff, 0xd8])),
      false,
      [0x27, 1, 0xff, 0xff, 0xd8, ...DATA],
    ],
    [enhancedVideo("h264", "frameX", "inter", DATA), false, [0x27, 1, 0, 0, 0, ...DATA]],
    // The bitstream has told otherwise.
    [enhancedVideo("h264", "frameX", "inter", DATA), true, [0x17, 1, 0, 0, 0, ...DATA]],
    [enhancedVideo("h264", "end", "key", new Uint8Array(0)), true, [0x17, 2, 0, 0, 0]],
    [enhancedVideo("h264", "metadata", "key", DATA), true, undefined],
  ];
  for (const [body, isKeyFrame, legacy] of cases) {
    const converted = legacyVideoBody(body, isKeyFrame);
    assertEquals(converted && [...converted], legacy);
    if (converted === undefined) continue;
    const [track] = wellFormed(splitVideoTracks(ofTrack(3, body))).tracks;
    assertEquals(legacyVideoBody(track!.body, isKeyFrame), converted);
    const said = parseVideoBody(body);
    assertEquals(parseVideoBody(converted), "isKeyFrame" in said ? { ...said, isKeyFrame } : said);
  }
});

Deno.test("legacyVideoBody: a modifier in front is left out", () => {
  const plain = enhancedVideo("h264", "frameX", "key", DATA);
  // ModEx of 3 bytes, an offset of 1 ns, in front of coded frames without a composition time.
  const body = Uint8Array.of(0x97, 2, 0, 0, 1, 3, ...plain.subarray(1));
  assertEquals(parseVideoBody(body).kind, "frame");
  assertEquals(legacyVideoBody(body, true), Uint8Array.of(0x17, 1, 0, 0, 0, ...DATA));
});

Deno.test("legacyAudioBody: each packet of AAC in its legacy form", () => {
  const cases: readonly (readonly [Uint8Array, number[] | undefined])[] = [
    [enhancedAudio("aac", "configuration", Uint8Array.of(0x11, 0x90)), [0xaf, 0, 0x11, 0x90]],
    [enhancedAudio("aac", "frame", DATA), [0xaf, 1, ...DATA]],
    [enhancedAudio("aac", "channels", Uint8Array.of(0, 2)), undefined],
    [enhancedAudio("aac", "end", new Uint8Array(0)), undefined],
  ];
  for (const [body, legacy] of cases) {
    const converted = legacyAudioBody(body);
    assertEquals(converted && [...converted], legacy);
    if (converted === undefined) continue;
    const [track] = wellFormed(splitAudioTracks(ofTrack(3, body))).tracks;
    assertEquals(legacyAudioBody(track!.body), converted);
    assertEquals(parseAudioBody(converted), parseAudioBody(body));
  }
});

Deno.test("legacy bodies: what has no other form is the same body", () => {
  for (
    const body of [
      new Uint8Array(0),
      Uint8Array.of(0x17, 1, 0, 0, 0, ...DATA),
      enhancedVideo("h265", "frame", "key", Uint8Array.of(0, 0, 0, ...DATA)),
      enhancedVideo("av1", "configuration", "key", DATA),
      enhancedVideo("vp9", "metadata", "key", DATA),
    ]
  ) assertStrictEquals(legacyVideoBody(body, true), body);
  for (
    const body of [
      new Uint8Array(0),
      Uint8Array.of(0xaf, 1, ...DATA),
      enhancedAudio("opus", "frame", DATA),
      enhancedAudio("mp3", "frame", DATA),
      enhancedAudio("flac", "channels", Uint8Array.of(0, 2)),
    ]
  ) assertStrictEquals(legacyAudioBody(body), body);
});

Deno.test("legacy bodies: what is cut short stays as it is", () => {
  for (let length = 1; length < 5; length++) {
    const video = enhancedVideo("h264", "frameX", "key", DATA).subarray(0, length);
    const audio = enhancedAudio("aac", "frame", DATA).subarray(0, length);
    assertStrictEquals(legacyVideoBody(video, true), video);
    assertStrictEquals(legacyAudioBody(audio), audio);
  }
});
