import { assertEquals, assertStringIncludes } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { encodeOpusHead } from "../../src/codec/sound/opus.ts";
import { encodeOpusBody } from "../../src/flv/audio_body_writer.ts";
import { AudioTrack } from "../../src/stream/audio_track.ts";
import { AC3_SAMPLES, FLAC_SAMPLES } from "../../testing/media/parameter_samples.ts";
import { fromHex, mutate, seededRandom } from "../../testing/mutation.ts";
import { enhancedAudio, ofTrack } from "../../testing/media/enhanced_samples.ts";
import { AAC_CONFIGURATION, AAC_FRAME, OTHER_AAC_CONFIGURATION, takeOne } from "./track_samples.ts";

const SPEEX_FRAME = fromHex("b2 00");
/** MPEG-1 layer III, 128 kbit/s, 44.1 kHz, joint stereo, in a header that says 22 kHz mono. */
const MP3_FRAME = fromHex("2a fffb9064 00");

const OPUS_HEAD = encodeOpusHead({ channels: 2, preSkip: 312, inputSampleRate: 44_100 });
const OPUS_CONFIGURATION = encodeOpusBody("configuration", OPUS_HEAD);
const OPUS_FRAME = encodeOpusBody("frame", fromHex("fc fffe"));

const FLAC_CONFIGURATION = enhancedAudio("flac", "configuration", FLAC_SAMPLES[0]!);
const FLAC_FRAME = enhancedAudio("flac", "frame", fromHex("fff8c918"));
const AC3_FRAME = enhancedAudio("ac3", "frame", AC3_SAMPLES.surround);
const EAC3_FRAME = enhancedAudio("eac3", "frame", AC3_SAMPLES.enhancedStereo);
const ENHANCED_MP3_FRAME = enhancedAudio("mp3", "frame", MP3_FRAME.subarray(1));
const ENHANCED_AAC_CONFIGURATION = enhancedAudio("aac", "configuration", fromHex("1190"));
const ENHANCED_AAC_FRAME = enhancedAudio("aac", "frame", fromHex("211004"));
const EMPTY_OPUS_CONFIGURATION = enhancedAudio("opus", "configuration", new Uint8Array(0));
const OPUS_CHANNELS = enhancedAudio("opus", "channels", fromHex("01 06 0000003f"));

/** Of an object type that is no AAC as it is known here. */
const USAC_CONFIGURATION = fromHex("af00 f94840");
const OPUS_5_1_CONFIGURATION = encodeOpusBody(
  "configuration",
  fromHex("4f70757348656164 01 06 3801 80bb0000 0000 01 0402 000401020305"),
);

const CASES: readonly (readonly [body: Uint8Array, intake: string])[][] = [
  [
    [AAC_CONFIGURATION, "configuration"],
    [AAC_FRAME, "frame"],
    [OTHER_AAC_CONFIGURATION, "configuration"],
    [AAC_FRAME, "frame"],
  ],
  [[AAC_FRAME, "no-configuration"]],
  [[SPEEX_FRAME, "frame"], [AAC_FRAME, "no-configuration"]],
  [[MP3_FRAME, "frame"]],
  [[new Uint8Array(0), "empty"], [fromHex("af01"), "empty"], [fromHex("b2"), "empty"]],
  [[fromHex("90 76726273 00"), "unsupported-codec"], [fromHex("c0 00"), "unsupported-codec"]],
  [
    [OPUS_FRAME, "no-configuration"],
    [fromHex("90 4f707573 00"), "malformed"],
    [OPUS_CONFIGURATION, "configuration"],
    [OPUS_FRAME, "frame"],
    [AAC_FRAME, "no-configuration"],
  ],
  [[FLAC_FRAME, "no-configuration"], [FLAC_CONFIGURATION, "configuration"], [FLAC_FRAME, "frame"]],
  [[AC3_FRAME, "frame"], [EAC3_FRAME, "frame"], [ENHANCED_MP3_FRAME, "frame"]],
  // Players may know more of what cannot be read here.
  [[enhancedAudio("ac3", "frame", fromHex("0b78fe95144043e1")), "frame"]],
  [[enhancedAudio("ac3", "configuration", new Uint8Array(0)), "configuration"]],
  // The legacy header and the Enhanced one name the same codec.
  [[ENHANCED_AAC_CONFIGURATION, "configuration"], [ENHANCED_AAC_FRAME, "frame"]],
  [[AAC_CONFIGURATION, "configuration"], [ENHANCED_AAC_FRAME, "frame"], [AAC_FRAME, "frame"]],
  [[EMPTY_OPUS_CONFIGURATION, "configuration"], [OPUS_CHANNELS, "supplement"], [
    OPUS_FRAME,
    "frame",
  ]],
  [[enhancedAudio("opus", "end", new Uint8Array(0)), "redundant"]],
  [[ofTrack(1, OPUS_FRAME), "redundant"]],
  [[fromHex("af02 00"), "malformed"], [fromHex("af"), "malformed"], [fromHex("af00"), "malformed"]],
  [[fromHex("2a 000000 00"), "frame"]],
  [[USAC_CONFIGURATION, "configuration"], [AAC_FRAME, "frame"]],
  [[OPUS_5_1_CONFIGURATION, "configuration"], [OPUS_FRAME, "frame"]],
  // A configuration that is cut short does not stand for one.
  [[fromHex("af00 f8"), "malformed"], [AAC_FRAME, "no-configuration"]],
];

Deno.test("AudioTrack: AAC leaves in FLV's own form, by whichever it came", () => {
  const track = new AudioTrack();
  const bodies: readonly (readonly [body: Uint8Array, leaves: Uint8Array])[] = [
    [ENHANCED_AAC_CONFIGURATION, AAC_CONFIGURATION],
    [ENHANCED_AAC_FRAME, AAC_FRAME],
    [AAC_FRAME, AAC_FRAME],
  ];
  for (const [body, leaves] of bodies) {
    const intake = takeOne(track, body);
    assertEquals(intake.kind === "skip" ? intake.reason : intake.body, leaves);
  }
  // Speakers have no words there.
  assertEquals(track.take(enhancedAudio("aac", "channels", fromHex("00 02")), 0), []);
  assertEquals(track.describe()?.channels, 2);
});

Deno.test("AudioTrack: what becomes of messages, one after another", () => {
  for (const messages of CASES) {
    const track = new AudioTrack();
    const intakes = messages.map(([body]) => {
      const intake = takeOne(track, body);
      return intake.kind === "skip" ? intake.reason : intake.kind;
    });
    assertEquals(intakes, messages.map(([, intake]) => intake));
  }
});

Deno.test("AudioTrack: no audio frame is a key frame", () => {
  const frame = { kind: "frame", isKeyFrame: false, encoderMs: 0, body: SPEEX_FRAME } as const;
  assertEquals(takeOne(new AudioTrack(), SPEEX_FRAME), frame);
});

Deno.test("AudioTrack: describes what it carries", () => {
  const table: readonly (readonly [body: Uint8Array, ...described: unknown[]])[] = [
    [AAC_CONFIGURATION, "mp4a.40.2", 48_000, 2],
    [OTHER_AAC_CONFIGURATION, "mp4a.40.2", 44_100, 2],
    // HE-AAC v2: explicit Parametric Stereo over a core of 22.05 kHz mono.
    [fromHex("af00 eb8a0800"), "mp4a.40.29", 44_100, 2],
    [MP3_FRAME, "mp3", 44_100, 2],
    [OPUS_CONFIGURATION, "opus", 48_000, 2],
    [SPEEX_FRAME, "speex", 16_000, 1],
    [FLAC_CONFIGURATION, "flac", 44_100, 1],
    [AC3_FRAME, "ac-3", 44_100, 6],
    [EAC3_FRAME, "ec-3", 48_000, 2],
    [ENHANCED_MP3_FRAME, "mp3", 44_100, 2],
    [ENHANCED_AAC_CONFIGURATION, "mp4a.40.2", 48_000, 2],
    [EMPTY_OPUS_CONFIGURATION, "opus", 48_000, null],
    [OPUS_5_1_CONFIGURATION, "opus", 48_000, 6],
    [USAC_CONFIGURATION, "mp4a", null, null],
    [fromHex("2a 000000 00"), "mp3", 22_050, 1],
    [fromHex("7e 00"), "g711-alaw", 8000, 1],
  ];
  for (const [body, codec, sampleRate, channels] of table) {
    const track = new AudioTrack();
    assertEquals(track.describe(), undefined);
    takeOne(track, body);
    assertEquals(track.describe(), { codec, sampleRate, channels, bitrateBps: null } as unknown);
  }
});

Deno.test("AudioTrack: channels may be said beside the configuration, before it or after", () => {
  for (const bodies of [[OPUS_CHANNELS, OPUS_FRAME], [OPUS_FRAME, OPUS_CHANNELS]]) {
    const track = new AudioTrack();
    takeOne(track, EMPTY_OPUS_CONFIGURATION);
    for (const body of bodies) takeOne(track, body);
    assertEquals(track.describe()!.channels, 6);
    takeOne(track, EMPTY_OPUS_CONFIGURATION);
    assertEquals(track.describe()!.channels, 6);
  }
});

Deno.test("AudioTrack: a configuration that says nothing leaves it to the frames", () => {
  const track = new AudioTrack();
  takeOne(track, enhancedAudio("ac3", "configuration", new Uint8Array(0)));
  takeOne(track, AC3_FRAME);
  const { codec, sampleRate, channels } = track.describe()!;
  assertEquals([codec, sampleRate, channels], ["ac-3", 44_100, 6]);
});

Deno.test("AudioTrack: how long frames last", () => {
  const table = [
    [[FLAC_CONFIGURATION, FLAC_FRAME], 4608 * 1000 / 44_100],
    [[AC3_FRAME], 1536 * 1000 / 44_100],
    [[EAC3_FRAME], 32],
    [[AAC_CONFIGURATION, AAC_FRAME], 1024 * 1000 / 48_000],
    [[OPUS_CONFIGURATION, OPUS_FRAME], undefined],
  ] as const;
  for (const [bodies, durationMs] of table) {
    const track = new AudioTrack();
    for (const body of bodies) takeOne(track, body);
    assertEquals(track.frameDurationMs, durationMs);
  }
});

/** An ADTS frame of AAC LC, 44.1 kHz, around an access unit, with or without a checksum. */
function adts(
  data: Uint8Array,
  { channels = 2, hasChecksum = false } = {},
): Uint8Array<ArrayBuffer> {
  const headerSize = hasChecksum ? 9 : 7;
  const length = headerSize + data.length;
  const frame = new Uint8Array(length);
  frame.set([0xff, hasChecksum ? 0xf0 : 0xf1, 0x50 | (channels >> 2)]);
  frame.set([((channels & 3) << 6) | (length >> 11), (length >> 3) & 0xff, (length & 7) << 5], 3);
  frame.set(data, headerSize);
  return frame;
}

const ACCESS_UNIT = AAC_FRAME.subarray(2);
const inLegacyBody = (...frames: Uint8Array[]) => concat([Uint8Array.of(0xaf, 1), ...frames]);

Deno.test("AudioTrack: ADTS makes the configuration that there is none of, once", () => {
  for (
    const body of [
      inLegacyBody(adts(ACCESS_UNIT)),
      inLegacyBody(adts(ACCESS_UNIT, { hasChecksum: true })),
      enhancedAudio("aac", "frame", adts(ACCESS_UNIT)),
    ]
  ) {
    const track = new AudioTrack();
    assertEquals(track.take(body, 7), [
      { kind: "configuration", body: OTHER_AAC_CONFIGURATION },
      { kind: "frame", isKeyFrame: false, encoderMs: 7, body: AAC_FRAME },
    ]);
    assertEquals(takeOne(track, body).kind, "frame");
    assertEquals(track.describe()?.channels, 2);
    const mono = inLegacyBody(adts(ACCESS_UNIT, { channels: 1 }));
    assertEquals(track.take(mono, 30)[0], { kind: "configuration", body: fromHex("af00 1208") });
    assertEquals(track.describe()?.channels, 1);
  }
});

Deno.test("AudioTrack: ADTS behind a configuration is taken off", () => {
  const track = new AudioTrack();
  takeOne(track, AAC_CONFIGURATION);
  const frame = { kind: "frame", isKeyFrame: false, encoderMs: 0, body: AAC_FRAME } as const;
  assertEquals(takeOne(track, inLegacyBody(adts(ACCESS_UNIT))), frame);
  assertEquals(track.describe()?.sampleRate, 48_000);
});

Deno.test("AudioTrack: several ADTS frames in a message are as many frames, each at its time", () => {
  const track = new AudioTrack();
  const [, ...frames] = track.take(inLegacyBody(...Array(3).fill(adts(ACCESS_UNIT))), 100);
  assertEquals(frames.map((frame) => frame.kind === "frame" && frame.encoderMs), [100, 123, 146]);
  assertEquals(
    frames.map((frame) => frame.kind === "frame" && frame.body),
    Array(3).fill(AAC_FRAME),
  );
});

Deno.test("AudioTrack: what only begins as ADTS is let alone", () => {
  const frame = adts(ACCESS_UNIT);
  for (
    const data of [frame.subarray(0, -1), concat([frame, Uint8Array.of(0)]), frame.subarray(0, 5)]
  ) {
    const track = new AudioTrack();
    takeOne(track, AAC_CONFIGURATION);
    const body = inLegacyBody(data);
    assertEquals(takeOne(track, body), { kind: "frame", isKeyFrame: false, encoderMs: 0, body });
  }
});

Deno.test("AudioTrack: AAC without anything to go by is left out, with advice, until there is", () => {
  const track = new AudioTrack();
  assertEquals(track.advice, undefined);
  assertEquals(takeOne(track, AAC_FRAME).kind, "skip");
  assertStringIncludes(track.advice!, "-bsf:a aac_adtstoasc");
  takeOne(track, AAC_CONFIGURATION);
  assertEquals(track.advice, undefined);
});

Deno.test("AudioTrack: throws nothing, whatever comes", () => {
  const random = seededRandom(1);
  const track = new AudioTrack();
  const samples = [AAC_CONFIGURATION, AAC_FRAME, MP3_FRAME, SPEEX_FRAME];
  samples.push(FLAC_CONFIGURATION, AC3_FRAME, EAC3_FRAME, OPUS_CHANNELS);
  for (let round = 0; round < 8000; round++) {
    takeOne(track, mutate(samples[round % samples.length]!, random));
  }
});
