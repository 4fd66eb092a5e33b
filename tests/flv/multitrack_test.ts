import { assertEquals } from "@std/assert";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import {
  MAX_TRACKS_PER_MESSAGE,
  splitAudioTracks,
  splitVideoTracks,
  type TrackBody,
} from "../../src/flv/multitrack.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { MULTITRACK_AUDIO_SAMPLES, MULTITRACK_VIDEO_SAMPLES } from "../fuzz/flv_samples.ts";
import { fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";
import { assertMalformed, NoError, wellFormed } from "../../testing/malformed.ts";

/** Tracks in short: number and body. */
function short(tracks: readonly TrackBody[]): string[] {
  return tracks.map(({ trackId, body }) => `${trackId} ${toHex(body)}`);
}

const TABLE: readonly { name: string; hex: string; tracks: readonly string[] }[] = [
  { name: "one track", hex: "96 01 76703039 05 aabb", tracks: ["5 9176703039aabb"] },
  { name: "one inter frame", hex: "a6 03 68766331 00 aabb", tracks: ["0 a368766331aabb"] },
  { name: "one track without a packet", hex: "96 02 76703039 ff", tracks: ["255 9276703039"] },
  {
    name: "many tracks",
    hex: "96 10 68766331 00 000002 aabb 07 000001 cc",
    tracks: ["0 9068766331aabb", "7 9068766331cc"],
  },
  { name: "many that are one", hex: "96 11 76703039 01 000001 aa", tracks: ["1 9176703039aa"] },
  {
    name: "many tracks of many codecs",
    hex: "96 21 76703039 00 000002 aabb 61763031 02 000000 68766331 01 000004 00002801",
    tracks: ["0 9176703039aabb", "2 9161763031", "1 916876633100002801"],
  },
  {
    name: "modifiers go with each",
    hex: "a7 00 ee 17 02 000005 06 11 76703039 00 000001 aa 01 000001 bb",
    tracks: ["0 a700ee17020000050176703039aa", "1 a700ee17020000050176703039bb"],
  },
];

for (const { name, hex, tracks } of TABLE) {
  Deno.test(`multitrack: ${name}`, () => {
    assertEquals(short(wellFormed(splitVideoTracks(fromHex(hex))).tracks), tracks);
  });
}

Deno.test("multitrack: audio is as video, with another packet type", () => {
  const body = fromHex("95 21 4f707573 00 000003 fcfffe 6d703461 02 000002 2107");
  assertEquals(short(wellFormed(splitAudioTracks(body)).tracks), [
    "0 914f707573fcfffe",
    "2 916d7034612107",
  ]);
});

Deno.test("multitrack: what is split are bodies of one track", () => {
  for (const sample of MULTITRACK_VIDEO_SAMPLES) {
    assertEquals(parseVideoBody(sample).kind, "multitrack");
    for (const { body } of wellFormed(splitVideoTracks(sample)).tracks) {
      const { kind } = parseVideoBody(body);
      assertEquals(kind === "frame" || kind === "empty", true, kind);
    }
  }
  for (const sample of MULTITRACK_AUDIO_SAMPLES) {
    assertEquals(parseAudioBody(sample).kind, "multitrack");
    for (const { body } of wellFormed(splitAudioTracks(sample)).tracks) {
      assertEquals(parseAudioBody(body).kind === "multitrack", false);
    }
  }
});

Deno.test("multitrack: bodies are the caller's", () => {
  const message = fromHex("96 01 76703039 05 aabb");
  const [track] = wellFormed(splitVideoTracks(message)).tracks;
  message.fill(0);
  assertEquals(toHex(track!.body), "9176703039aabb");
});

Deno.test("multitrack: up to as many tracks as the limit", () => {
  const message = (count: number) => fromHex("96 11 76703039" + "01 000001 aa".repeat(count));
  assertEquals(wellFormed(splitVideoTracks(message(MAX_TRACKS_PER_MESSAGE - 1))).tracks.length, 31);
  assertEquals(wellFormed(splitVideoTracks(message(MAX_TRACKS_PER_MESSAGE))).tracks.length, 32);
  assertMalformed(
    splitVideoTracks(message(MAX_TRACKS_PER_MESSAGE + 1)),
    "tracks must be up to 32, got 33",
  );
});

Deno.test("multitrack: refused if cut short or undefined", () => {
  const table = [
    ["", "must not be cut short, got 0"],
    ["96", "must not be cut short"],
    ["9601 767030", "must not be cut short"],
    ["9601 76703039", "must not be cut short"],
    ["9611 76703039 00 0000", "must not be cut short"],
    ["9611 76703039 00 000003 aabb", "must not be cut short"],
    ["9611 76703039 00 000001 aa 01", "must not be cut short"],
    ["9621 76703039 00 000001 aa 6176", "must not be cut short"],
    ["9631 76703039 00 000001 aa", "multitrack type must be 0..2, got 3"],
    ["9606 76703039 00 aa", "packet type within must be another, got 6"],
    ["9607 76703039 00 aa", "packet type within must be another, got 7"],
    ["9176703039aa", "packet type must be multitrack, got 1"],
  ] as const;
  for (const [hex, message] of table) {
    assertMalformed(splitVideoTracks(fromHex(hex)), message, hex);
  }
});

Deno.test("multitrack survives mutations", () => {
  surviveMutations(MULTITRACK_VIDEO_SAMPLES, splitVideoTracks, NoError);
  surviveMutations(MULTITRACK_AUDIO_SAMPLES, splitAudioTracks, NoError);
});
