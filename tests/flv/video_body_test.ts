import { assertEquals } from "@std/assert";
import type { VideoBody, VideoFrame } from "../../src/flv/video_body.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { VIDEO_BODY_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex, surviveMutations } from "../../testing/mutation.ts";
import { assertMalformed, NoError } from "../../testing/malformed.ts";

const FRAME: VideoFrame = {
  kind: "frame",
  codec: "h264",
  isKeyFrame: false,
  isDisposable: false,
  compositionTimeMs: 0,
  timestampOffsetNs: 0,
  data: fromHex("aabb"),
};

const TABLE: readonly { name: string; hex: string; video: VideoBody }[] = [
  {
    name: "H.264 configuration",
    hex: "17 00 000000 0164",
    video: { kind: "configuration", codec: "h264", data: fromHex("0164") },
  },
  {
    name: "H.264 configuration without one",
    hex: "17 00 000000",
    video: { kind: "configuration", codec: "h264", data: new Uint8Array(0) },
  },
  { name: "H.264 key frame", hex: "17 01 000000 aabb", video: { ...FRAME, isKeyFrame: true } },
  { name: "H.264 inter frame", hex: "27 01 000000 aabb", video: FRAME },
  {
    name: "H.264 disposable frame",
    hex: "37 01 000000 aabb",
    video: { ...FRAME, isDisposable: true },
  },
  {
    name: "H.264 generated key frame",
    hex: "47 01 000000 aabb",
    video: { ...FRAME, isKeyFrame: true },
  },
  {
    name: "composition time",
    hex: "27 01 0000c8 aabb",
    video: { ...FRAME, compositionTimeMs: 200 },
  },
  { name: "negative", hex: "27 01 ffff9c aabb", video: { ...FRAME, compositionTimeMs: -100 } },
  { name: "highest", hex: "27 01 7fffff aabb", video: { ...FRAME, compositionTimeMs: 8_388_607 } },
  { name: "lowest", hex: "27 01 800000 aabb", video: { ...FRAME, compositionTimeMs: -8_388_608 } },
  { name: "H.264 end", hex: "17 02 000000", video: { kind: "end-of-sequence", codec: "h264" } },
  { name: "H.264 end, short", hex: "27 02", video: { kind: "end-of-sequence", codec: "h264" } },
  { name: "H.263", hex: "12 aabb", video: { ...FRAME, codec: "h263", isKeyFrame: true } },
  { name: "screen", hex: "23 aabb", video: { ...FRAME, codec: "screen" } },
  { name: "VP6", hex: "34 aabb", video: { ...FRAME, codec: "vp6", isDisposable: true } },
  { name: "VP6 with alpha", hex: "25 aabb", video: { ...FRAME, codec: "vp6-alpha" } },
  { name: "screen 2", hex: "26 aabb", video: { ...FRAME, codec: "screen2" } },
  { name: "command", hex: "57 00", video: { kind: "command" } },
  { name: "command alone", hex: "52", video: { kind: "command" } },
  {
    name: "codec 12, configuration",
    hex: "1c 00 000000 0164",
    video: { kind: "configuration", codec: "h265", data: fromHex("0164") },
  },
  {
    name: "codec 12, key frame",
    hex: "1c 01 000028 aabb",
    video: { ...FRAME, codec: "h265", isKeyFrame: true, compositionTimeMs: 40 },
  },
  { name: "codec 12, end", hex: "1c 02", video: { kind: "end-of-sequence", codec: "h265" } },
  { name: "codec 13", hex: "2d 01 000000 aabb", video: { ...FRAME, codec: "av1" } },
  { name: "codec 14", hex: "1e 01 000000 aabb", video: { kind: "unsupported", codecId: 14 } },
  { name: "codec 0", hex: "10 aa", video: { kind: "unsupported", codecId: 0 } },
  { name: "no bytes", hex: "", video: { kind: "empty" } },
  { name: "H.264 without a picture", hex: "27 01 000000", video: { kind: "empty" } },
  { name: "H.263 without a picture", hex: "22", video: { kind: "empty" } },
];

for (const { name, hex, video } of TABLE) {
  Deno.test(`video body: ${name}`, () => assertEquals(parseVideoBody(fromHex(hex)), video));
}

Deno.test("video body: refused if cut short or undefined", () => {
  const table = [
    ["17", "must have 5 bytes, got 1"],
    ["1701", "got 2"],
    ["17010000", "got 4"],
    ["17000000", "got 4"],
    ["1703000000", "AVCPacketType must be 0..2, got 3"],
    ["0701000000aa", "frame type must be 1..5, got 0"],
    ["6701000000aa", "got 6"],
    ["1c01", "must have 5 bytes, got 2"],
    ["1d03000000", "AVCPacketType must be 0..2, got 3"],
  ] as const;
  for (const [hex, message] of table) {
    assertMalformed(parseVideoBody(fromHex(hex)), message, hex);
  }
});

Deno.test("video body: data borrow from it", () => {
  const body = fromHex("27 01 000000 aabb");
  const video = parseVideoBody(body);
  assertEquals(video.kind === "frame" && video.data.buffer === body.buffer, true);
});

Deno.test("video body survives mutations", () => {
  surviveMutations(VIDEO_BODY_SAMPLES, parseVideoBody, NoError);
});
