import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { isAv1KeyFrame } from "../../src/codec/av1/av1.ts";
import { h265PictureKind } from "../../src/codec/h265/access_unit.ts";
import { isVp8KeyFrame } from "../../src/codec/vp8/vp8.ts";
import { isVp9KeyFrame } from "../../src/codec/vp9/frame.ts";
import type { Intake } from "../../src/stream/track_intake.ts";
import { VideoTrack } from "../../src/stream/video_track.ts";
import { AV1_STREAMS, H265_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { AV1C, VPCC } from "../../testing/media/parameter_samples.ts";
import { fromHex, mutate, seededRandom } from "../../testing/mutation.ts";
import {
  enhancedVideo,
  H265_B_FRAME,
  H265_CONFIGURATION,
  H265_INTER_FRAME,
  H265_KEY_FRAME,
  ofTrack,
  vp8InterFrame,
  vp8KeyFrame,
} from "../../testing/media/enhanced_samples.ts";
import {
  H264_B_FRAME,
  H264_CONFIGURATION,
  H264_INTER_FRAME,
  H264_KEY_FRAME,
  takeOne,
} from "./track_samples.ts";
import { wellFormed } from "../../testing/malformed.ts";

/** Intakes in short: a skip by its reason, a frame by whether it is a key frame. */
function short(intake: Intake): string {
  if (intake.kind === "skip") return intake.reason;
  return intake.kind === "frame" && intake.isKeyFrame ? "key frame" : intake.kind;
}

const AV1_CONFIGURATION = enhancedVideo("av1", "configuration", "key", AV1C.libaom);
const VP9_CONFIGURATION = enhancedVideo("vp9", "configuration", "key", VPCC.main);
const [AV1_KEY, AV1_INTER] = AV1_STREAMS.realtime as [Uint8Array, Uint8Array];
const [VP9_KEY, VP9_INTER] = VP_STREAMS.vp9Realtime as [Uint8Array, Uint8Array];

const CASES: readonly { name: string; messages: (readonly [Uint8Array, string])[] }[] = [
  {
    name: "HEVC",
    messages: [
      [H265_KEY_FRAME, "no-configuration"],
      [H265_CONFIGURATION, "configuration"],
      [H265_INTER_FRAME, "awaiting-key-frame"],
      [H265_KEY_FRAME, "key frame"],
      [H265_INTER_FRAME, "frame"],
      [H265_B_FRAME, "frame"],
    ],
  },
  {
    name: "HEVC by the codec id of old encoders",
    messages: [
      [concat([fromHex("1c00000000"), H265_CONFIGURATION.subarray(5)]), "configuration"],
      [concat([fromHex("1c01"), H265_KEY_FRAME.subarray(5)]), "key frame"],
      [concat([fromHex("2c01000000"), H265_INTER_FRAME.subarray(5)]), "frame"],
    ],
  },
  {
    name: "AV1",
    messages: [
      [enhancedVideo("av1", "frame", "inter", AV1_INTER), "awaiting-key-frame"],
      [AV1_CONFIGURATION, "configuration"],
      [enhancedVideo("av1", "frame", "key", AV1_KEY), "key frame"],
      [enhancedVideo("av1", "frame", "inter", AV1_INTER), "frame"],
    ],
  },
  {
    name: "AV1 by the codec id of old encoders, without a configuration",
    messages: [
      [concat([fromHex("1d01000000"), AV1_KEY]), "key frame"],
      [concat([fromHex("2d01000000"), AV1_INTER]), "frame"],
    ],
  },
  {
    name: "AV1 whose configuration is a descriptor of MPEG-2 TS",
    messages: [[fromHex("95 61763031 8004 81000c00"), "configuration"]],
  },
  {
    name: "AV1 whose configuration has OBUs that we cannot read, which players may",
    messages: [[
      enhancedVideo("av1", "configuration", "key", fromHex("81000c00 0aff")),
      "configuration",
    ]],
  },
  {
    name: "VP9",
    messages: [
      [VP9_CONFIGURATION, "configuration"],
      [enhancedVideo("vp9", "frame", "key", VP9_KEY), "key frame"],
      [enhancedVideo("vp9", "frame", "inter", VP9_INTER), "frame"],
    ],
  },
  {
    name: "VP9 and VP8 without a configuration, one after the other",
    messages: [
      [enhancedVideo("vp9", "frame", "key", VP9_KEY), "key frame"],
      [vp8InterFrame(), "awaiting-key-frame"],
      [vp8KeyFrame(64, 32), "key frame"],
      [vp8InterFrame(), "frame"],
    ],
  },
  {
    name: "H.264 by its FourCC",
    messages: [
      [
        enhancedVideo("h264", "configuration", "key", H264_CONFIGURATION.subarray(5)),
        "configuration",
      ],
      [enhancedVideo("h264", "frame", "key", H264_KEY_FRAME.subarray(2)), "key frame"],
      [enhancedVideo("h264", "frameX", "inter", H264_INTER_FRAME.subarray(5)), "frame"],
      // The legacy header names the same codec.
      [H264_INTER_FRAME, "frame"],
    ],
  },
  {
    name: "H.264 whose key frames are none, but for recovery points",
    messages: [
      [H264_CONFIGURATION, "configuration"],
      [H264_INTER_FRAME.with(0, 0x17), "awaiting-key-frame"],
      [
        concat([fromHex("1701000000 00000006 06 06 01 c0 80 00"), H264_INTER_FRAME.subarray(5)]),
        "key frame",
      ],
      [H264_INTER_FRAME.with(0, 0x17), "frame"],
      [H264_B_FRAME.with(0, 0x17), "frame"],
      [H264_KEY_FRAME, "key frame"],
    ],
  },
  {
    name: "another codec begins with its own key frame",
    messages: [
      [H264_CONFIGURATION, "configuration"],
      [H264_KEY_FRAME, "key frame"],
      [H265_KEY_FRAME, "no-configuration"],
      [H265_CONFIGURATION, "configuration"],
      [H265_INTER_FRAME, "awaiting-key-frame"],
      [H265_KEY_FRAME, "key frame"],
      [H265_CONFIGURATION, "configuration"],
      [H265_INTER_FRAME, "frame"],
      [H264_KEY_FRAME, "no-configuration"],
    ],
  },
  {
    name: "what is none, or no picture",
    messages: [
      [enhancedVideo("av1", "configuration", "key", new Uint8Array(0)), "empty"],
      [enhancedVideo("av1", "configuration", "key", fromHex("82000c00")), "malformed"],
      [enhancedVideo("vp9", "configuration", "key", fromHex("010000")), "malformed"],
      [enhancedVideo("h265", "configuration", "key", fromHex("01")), "malformed"],
      [enhancedVideo("vp9", "end", "key", new Uint8Array(0)), "redundant"],
      [enhancedVideo("vp9", "metadata", "key", fromHex("020000")), "supplement"],
      [ofTrack(1, vp8KeyFrame(64, 32)), "redundant"],
    ],
  },
];

for (const { name, messages } of CASES) {
  Deno.test(`VideoTrack: ${name}`, () => {
    const track = new VideoTrack();
    assertEquals(
      messages.map(([body]) => short(takeOne(track, body))),
      messages.map(([, intake]) => intake),
    );
  });
}

/** Streams of real encoders, and which of their frames are key frames. */
const STREAMS = [
  { codec: "av1", frames: AV1_STREAMS.realtime, isKey: (data: Uint8Array) => isAv1KeyFrame(data) },
  {
    codec: "av1",
    frames: AV1_STREAMS.hiddenFrames,
    isKey: (data: Uint8Array) => isAv1KeyFrame(data),
  },
  { codec: "vp9", frames: VP_STREAMS.vp9Realtime, isKey: isVp9KeyFrame },
  { codec: "vp9", frames: VP_STREAMS.vp9AltRef, isKey: isVp9KeyFrame },
  { codec: "vp8", frames: VP_STREAMS.vp8Realtime, isKey: isVp8KeyFrame },
  { codec: "vp8", frames: VP_STREAMS.vp8AltRef, isKey: isVp8KeyFrame },
] as const;

Deno.test("VideoTrack: what only says that it is a key frame is none", () => {
  for (const { codec, frames, isKey } of STREAMS) {
    const track = new VideoTrack();
    const keys = frames.map(isKey);
    assertEquals(keys.includes(true) && keys.includes(false), true);
    for (const [at, data] of frames.entries()) {
      const intake = short(takeOne(track, enhancedVideo(codec, "frame", "key", data)));
      assertEquals(intake, keys[at] ? "key frame" : "frame", `${codec} frame ${at}`);
    }
  }
  const hevc = new VideoTrack();
  takeOne(hevc, H265_CONFIGURATION);
  const bodies = H265_STREAMS.openGop.map((data) => enhancedVideo("h265", "frameX", "key", data));
  const intakes = [
    ...bodies.flatMap((body, at) => hevc.take(body, at * 40, at)),
    ...hevc.release(),
  ];
  // What it has in band differs.
  assertEquals(intakes.shift()?.kind, "configuration");
  const kinds = H265_STREAMS.openGop.map((data) => {
    // The CRA pictures of an open group of pictures are key frames.
    return wellFormed(h265PictureKind(data, 4))!.isKeyFrame ? "key frame" : "frame";
  });
  assertEquals(intakes.map(short), kinds);
});

Deno.test("VideoTrack: HEVC that refreshes its pictures begins there, if there is no key frame", () => {
  const track = new VideoTrack();
  takeOne(track, H265_CONFIGURATION);
  const recovery = fromHex("00000007 4e01 0602d04080");
  const inter = H265_INTER_FRAME.subarray(5);
  const refresh = enhancedVideo("h265", "frameX", "inter", concat([recovery, inter, inter]));
  assertEquals(short(takeOne(track, H265_INTER_FRAME)), "awaiting-key-frame");
  assertEquals(short(takeOne(track, refresh)), "key frame");
});

Deno.test("VideoTrack: what the tag calls no key frame is one, and leaves as one", () => {
  for (const { codec, frames, isKey } of STREAMS) {
    const track = new VideoTrack();
    for (const [at, data] of frames.entries()) {
      // Frame type 0 says nothing.
      for (const first of [0xa1, 0x81]) {
        const said = enhancedVideo(codec, "frame", "inter", data).with(0, first);
        const intake = takeOne(track, said);
        const body = said.with(0, isKey(data) ? 0x91 : 0xa1);
        const isKeyFrame = isKey(data);
        assertEquals(intake, { kind: "frame", isKeyFrame, encoderMs: 0, body }, `${codec} ${at}`);
      }
    }
  }
});

Deno.test("VideoTrack: sizes and codecs, from configurations or the pictures themselves", () => {
  const key = (codec: "av1" | "vp9" | "vp8", data: Uint8Array) =>
    enhancedVideo(codec, "frame", "key", data);
  const table: readonly (readonly [Uint8Array[], string, number | null, number | null])[] = [
    [[H265_CONFIGURATION], "hvc1.1.6.L60.90", 320, 180],
    [[AV1_CONFIGURATION], "av01.0.00M.08", 320, 180],
    [[enhancedVideo("av1", "configuration", "key", AV1C.tenBits)], "av01.0.00M.10", 130, 74],
    // What is in band is newer than the configuration.
    [[AV1_CONFIGURATION, key("av1", AV1_KEY)], "av01.0.00M.08", 98, 66],
    [[key("av1", AV1_STREAMS.hiddenFrames[0]!)], "av01.0.00M.08", 130, 74],
    [[VP9_CONFIGURATION], "vp09.00.11.08", null, null],
    [[VP9_CONFIGURATION, key("vp9", VP9_KEY)], "vp09.00.11.08", 98, 66],
    [[key("vp9", VP9_KEY)], "vp9", 98, 66],
    [[key("vp8", VP_STREAMS.vp8Realtime[0]!)], "vp8", 66, 50],
    [[vp8KeyFrame(64, 32), vp8KeyFrame(640, 480)], "vp8", 640, 480],
  ];
  for (const [bodies, codec, width, height] of table) {
    const track = new VideoTrack();
    for (const body of bodies) takeOne(track, body);
    const described = track.describe()!;
    assertEquals([described.codec, described.width, described.height], [codec, width, height]);
    assertEquals(described.bFrames, false);
  }
});

/** Two slices of a key frame whose PPS puts two bits in front of the slice type. */
const TWO_BITS_AHEAD = fromHex("00000006 2601 a300 1234 00000006 2601 2300 1234");

Deno.test("VideoTrack: HEVC whose slice headers cannot be read without its PPS is passed on", () => {
  const track = new VideoTrack();
  takeOne(track, H265_CONFIGURATION);
  // Of a PPS in band that puts two bits in front of the slice type, which is P.
  const key = enhancedVideo("h265", "frameX", "key", TWO_BITS_AHEAD);
  const inter = enhancedVideo("h265", "frameX", "inter", fromHex("00000006 0201 c400 1234"));
  const broken = enhancedVideo("h265", "frameX", "inter", fromHex("00000007 0201 c400 1234"));
  const intakes = [key, inter, broken].map((body) => short(takeOne(track, body)));
  assertEquals(intakes, ["key frame", "frame", "malformed"]);
  assertEquals(track.describe()?.bFrames, false);
});

Deno.test("VideoTrack: B pictures of HEVC", () => {
  const track = new VideoTrack();
  for (const body of [H265_CONFIGURATION, H265_KEY_FRAME, H265_INTER_FRAME]) takeOne(track, body);
  assertEquals(track.describe()!.bFrames, false);
  takeOne(track, H265_B_FRAME);
  assertEquals(track.describe()!.bFrames, true);
});

Deno.test("VideoTrack: says whether its frames need a configuration", () => {
  const track = new VideoTrack();
  assertEquals(track.isConfigured, false);
  takeOne(track, vp8KeyFrame(64, 32));
  assertEquals(track.isConfigured, false);
  takeOne(track, VP9_CONFIGURATION);
  assertEquals(track.isConfigured, true);
  takeOne(track, enhancedVideo("vp9", "frame", "key", VP9_KEY));
  assertEquals(track.isConfigured, true);
  takeOne(track, vp8KeyFrame(64, 32));
  assertEquals(track.isConfigured, false);
});

Deno.test("VideoTrack: throws nothing, whatever comes of any codec", () => {
  const random = seededRandom(2);
  const samples = [
    H265_CONFIGURATION,
    H265_KEY_FRAME,
    H265_B_FRAME,
    AV1_CONFIGURATION,
    enhancedVideo("av1", "frame", "key", AV1_KEY),
    VP9_CONFIGURATION,
    enhancedVideo("vp9", "frame", "key", VP9_KEY),
    vp8KeyFrame(64, 32),
  ];
  const track = new VideoTrack();
  for (let round = 0; round < 8000; round++) {
    track.take(mutate(samples[round % samples.length]!, random), round, round);
  }
});
