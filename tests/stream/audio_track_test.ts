import { assertEquals } from "@std/assert";
import { encodeOpusHead } from "../../src/codec/opus.ts";
import { encodeOpusBody } from "../../src/flv/audio_body.ts";
import { AudioTrack } from "../../src/stream/audio_track.ts";
import { fromHex, mutate, seededRandom } from "../mutation.ts";
import { AAC_CONFIGURATION, AAC_FRAME, OTHER_AAC_CONFIGURATION } from "./track_samples.ts";

const SPEEX_FRAME = fromHex("b2 00");
/** MPEG-1 layer III, 128 kbit/s, 44.1 kHz, joint stereo, in a header that says 22 kHz mono. */
const MP3_FRAME = fromHex("2a fffb9064 00");

const OPUS_HEAD = encodeOpusHead({ channels: 2, preSkip: 312, inputSampleRate: 44_100 });
const OPUS_CONFIGURATION = encodeOpusBody("configuration", OPUS_HEAD);
const OPUS_FRAME = encodeOpusBody("frame", fromHex("fc fffe"));

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
  [[fromHex("af02 00"), "malformed"], [fromHex("af"), "malformed"], [fromHex("af00"), "malformed"]],
  [[fromHex("2a 000000 00"), "malformed"]],
  // A configuration that cannot be parsed does not stand for one.
  [[fromHex("af00 f8"), "malformed"], [AAC_FRAME, "no-configuration"]],
];

Deno.test("AudioTrack: what becomes of messages, one after another", () => {
  for (const messages of CASES) {
    const track = new AudioTrack();
    const intakes = messages.map(([body]) => {
      const intake = track.take(body);
      return intake.kind === "skip" ? intake.reason : intake.kind;
    });
    assertEquals(intakes, messages.map(([, intake]) => intake));
  }
});

Deno.test("AudioTrack: no audio frame is a key frame", () => {
  assertEquals(new AudioTrack().take(SPEEX_FRAME), { kind: "frame", isKeyFrame: false });
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
    [fromHex("7e 00"), "g711-alaw", 8000, 1],
  ];
  for (const [body, codec, sampleRate, channels] of table) {
    const track = new AudioTrack();
    assertEquals(track.describe(), undefined);
    track.take(body);
    assertEquals(track.describe(), { codec, sampleRate, channels, bitrateBps: null } as unknown);
  }
});

Deno.test("AudioTrack: throws nothing, whatever comes", () => {
  const random = seededRandom(1);
  const track = new AudioTrack();
  const samples = [AAC_CONFIGURATION, AAC_FRAME, MP3_FRAME, SPEEX_FRAME];
  for (let round = 0; round < 4000; round++) {
    track.take(mutate(samples[round % samples.length]!, random));
  }
});
