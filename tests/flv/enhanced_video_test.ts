import { assertEquals } from "@std/assert";
import { MAX_MODIFIERS } from "../../src/flv/mod_ex.ts";
import type { VideoBody, VideoFrame } from "../../src/flv/video_body.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { ENHANCED_VIDEO_SAMPLES } from "../fuzz/flv_samples.ts";
import { fromHex, surviveMutations } from "../../testing/mutation.ts";
import { assertMalformed, NoError } from "../../testing/malformed.ts";

const DATA = fromHex("aabb");

const FRAME: VideoFrame = {
  kind: "frame",
  codec: "h265",
  isKeyFrame: false,
  isDisposable: false,
  compositionTimeMs: 0,
  timestampOffsetNs: 0,
  data: DATA,
};
const KEY_FRAME: VideoFrame = { ...FRAME, isKeyFrame: true };

/** Packet types with each FourCC they are defined for (Enhanced RTMP v2, "Enhanced Video"). */
const TABLE: readonly { name: string; hex: string; video: VideoBody }[] = [
  ...([["hvc1", "h265"], ["av01", "av1"], ["vp09", "vp9"], ["vp08", "vp8"], [
    "avc1",
    "h264",
  ]] as const)
    .flatMap(([fourCc, codec]) => {
      const hex = [...fourCc].map((char) => char.charCodeAt(0).toString(16)).join("");
      return [
        {
          name: `${fourCc} configuration`,
          hex: `90 ${hex} aabb`,
          video: { kind: "configuration", codec, data: DATA },
        },
        { name: `${fourCc} key frame, X`, hex: `93 ${hex} aabb`, video: { ...KEY_FRAME, codec } },
        { name: `${fourCc} end`, hex: `92 ${hex}`, video: { kind: "end-of-sequence", codec } },
        {
          name: `${fourCc} metadata, whatever its frame type`,
          hex: `84 ${hex} aabb`,
          video: { kind: "metadata", codec, data: DATA },
        },
        { name: `${fourCc}, X, without a picture`, hex: `93 ${hex}`, video: { kind: "empty" } },
      ] as const;
    }),
  {
    name: "hvc1 frame",
    hex: "a1 68766331 000028 aabb",
    video: { ...FRAME, compositionTimeMs: 40 },
  },
  {
    name: "hvc1 shown early",
    hex: "a1 68766331 ffffd8 aabb",
    video: { ...FRAME, compositionTimeMs: -40 },
  },
  { name: "avc1 frame", hex: "a1 61766331 000000 aabb", video: { ...FRAME, codec: "h264" } },
  { name: "av01 frame", hex: "91 61763031 aabb", video: { ...KEY_FRAME, codec: "av1" } },
  { name: "vp09 frame", hex: "a1 76703039 aabb", video: { ...FRAME, codec: "vp9" } },
  { name: "vp08 frame", hex: "a1 76703038 aabb", video: { ...FRAME, codec: "vp8" } },
  {
    name: "disposable",
    hex: "b1 76703038 aabb",
    video: { ...FRAME, codec: "vp8", isDisposable: true },
  },
  { name: "generated key frame", hex: "c1 76703038 aabb", video: { ...KEY_FRAME, codec: "vp8" } },
  { name: "hvc1 without a picture", hex: "a1 68766331 000000", video: { kind: "empty" } },
  { name: "vp09 without a picture", hex: "a1 76703039", video: { kind: "empty" } },
  {
    name: "AV1 descriptor of MPEG-2 TS",
    hex: "95 61763031 8004 81050c00",
    video: { kind: "configuration", codec: "av1", data: fromHex("81050c00") },
  },
  {
    name: "HEVC descriptor",
    hex: "95 68766331 aabb",
    video: { kind: "unsupported", codecId: "hvc1" },
  },
  { name: "command", hex: "d1 00", video: { kind: "command" } },
  { name: "command alone", hex: "d0", video: { kind: "command" } },
  { name: "one track", hex: "96 00 68766331 01 aabb", video: { kind: "multitrack" } },
  {
    name: "unknown FourCC",
    hex: "90 76766331 aa",
    video: { kind: "unsupported", codecId: "vvc1" },
  },
  { name: "odd FourCC", hex: "91 610a1bff", video: { kind: "unsupported", codecId: "a???" } },
  {
    name: "a timestamp's offset",
    hex: "97 02 0f423f 01 76703039 aabb",
    video: { ...KEY_FRAME, codec: "vp9", timestampOffsetNs: 999_999 },
  },
  {
    name: "a longer offset",
    hex: "a7 04 000001ffff 01 76703039 aabb",
    video: { ...FRAME, codec: "vp9", timestampOffsetNs: 1 },
  },
  {
    name: "an unknown modifier",
    hex: "a7 00 ee 11 76703039 aabb",
    video: { ...FRAME, codec: "vp9" },
  },
  {
    name: "an unknown modifier of 256 bytes, and an offset",
    hex: `a7 ff 00ff ${"ee".repeat(256)} f7 02 000005 03 68766331 aabb`,
    video: { ...FRAME, timestampOffsetNs: 5 },
  },
  {
    name: "a modifier of 255 bytes",
    hex: `a7 fe ${"ee".repeat(255)} 13 68766331 aabb`,
    video: FRAME,
  },
  {
    name: "a modifier in front of metadata",
    hex: "87 00 ee 14 68766331 aabb",
    video: { kind: "metadata", codec: "h265", data: DATA },
  },
  {
    name: "as many modifiers as may be",
    hex: `a7 ${"00ee17".repeat(MAX_MODIFIERS - 1)} 00ee13 68766331 aabb`,
    video: FRAME,
  },
];

for (const { name, hex, video } of TABLE) {
  Deno.test(`Enhanced video: ${name}`, () => assertEquals(parseVideoBody(fromHex(hex)), video));
}

Deno.test("Enhanced video: refused if cut short or undefined", () => {
  const table = [
    ["90", "must not be cut short"],
    ["90687663", "must not be cut short"],
    ["9168766331 0000", "must not be cut short"],
    ["e168766331000000aa", "got 6"],
    ["f068766331", "got 7"],
    ["9868766331aa", "packet type must be 0..7, got 8"],
    ["9f68766331aa", "got 15"],
    ["9561763031 80", "must not be cut short"],
    ["97", "must not be cut short"],
    ["97 00", "must not be cut short"],
    ["97 ff 00", "must not be cut short"],
    ["97 02 0000", "must not be cut short"],
    ["97 02 000000", "must not be cut short"],
    ["97 01 0000 01 76703039 aa", "timestamp offset must be 3 bytes, got 2"],
    // Sizes of 16 bits less one: 4096 bytes are let through and then missing, 4097 are not.
    ["97 ff 0fff 00", "must not be cut short"],
    ["97 ff 1000 00", "modifiers must be up to 4096 bytes"],
    [`97 ff 07ff ${"00".repeat(2048)} 17 ff 0800`, "modifiers must be up to 4096 bytes"],
    [
      `97 ${"00ee17".repeat(MAX_MODIFIERS)} 00ee13 68766331 aa`,
      "modifiers must be up to 16, got 17",
    ],
  ] as const;
  for (const [hex, message] of table) {
    assertMalformed(parseVideoBody(fromHex(hex)), message, hex);
  }
});

Deno.test("Enhanced video: a frame type of 0 says nothing, and is no key frame's", () => {
  const video = parseVideoBody(fromHex("8168766331000028aa"));
  const { isKeyFrame, isDisposable, compositionTimeMs, data } = video as VideoFrame;
  assertEquals([isKeyFrame, isDisposable, compositionTimeMs, [...data]], [false, false, 40, [
    0xaa,
  ]]);
});

Deno.test("Enhanced video: every truncation is refused or is another body", () => {
  for (const sample of ENHANCED_VIDEO_SAMPLES) {
    for (let length = 0; length < sample.length; length++) {
      parseVideoBody(sample.subarray(0, length));
    }
  }
});

Deno.test("Enhanced video: data borrow from the body", () => {
  const body = fromHex("97 02 0f423f 01 76703039 aabb");
  const video = parseVideoBody(body);
  assertEquals(video.kind === "frame" && video.data.buffer === body.buffer, true);
});

Deno.test("Enhanced video survives mutations", () => {
  surviveMutations(ENHANCED_VIDEO_SAMPLES, parseVideoBody, NoError);
});
