import { assertEquals, assertThrows } from "@std/assert";
import {
  aacCodecString,
  type AacConfiguration,
  parseAacConfiguration,
} from "../../../src/codec/sound/aac.ts";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { ASC_SAMPLES } from "../../../testing/media/corpus.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { BitWriter } from "../../../testing/media/bit_writer.ts";

const LC: AacConfiguration = {
  objectType: 2,
  sampleRate: 44_100,
  channels: 2,
  sbr: false,
  ps: false,
  outputSampleRate: 44_100,
  outputChannels: 2,
  samplesPerFrame: 1024,
};

/** Of a core coder alone, with `sampleRate` and `channels`. */
function lc(sampleRate: number, channels: number): AacConfiguration {
  return { ...LC, sampleRate, channels, outputSampleRate: sampleRate, outputChannels: channels };
}

/** 14496-3 1.6.2.1 by hand, and ffmpeg's: `ffmpeg -f lavfi -i sine -ar R -ac C -c:a aac a.flv`. */
const TABLE: readonly { name: string; asc: Uint8Array; value: AacConfiguration; codec: string }[] =
  [
    { name: "plain", asc: fromHex("1210"), value: LC, codec: "mp4a.40.2" },
    { name: "ffmpeg 44.1 kHz stereo", asc: fromHex("121056e500"), value: LC, codec: "mp4a.40.2" },
    {
      name: "ffmpeg 48 kHz mono",
      asc: fromHex("118856e500"),
      value: lc(48_000, 1),
      codec: "mp4a.40.2",
    },
    {
      name: "ffmpeg 48 kHz 5.1",
      asc: fromHex("11b056e500"),
      value: lc(48_000, 6),
      codec: "mp4a.40.2",
    },
    {
      name: "ffmpeg 48 kHz 7.1",
      asc: fromHex("11b856e500"),
      value: lc(48_000, 8),
      codec: "mp4a.40.2",
    },
    {
      name: "ffmpeg 8 kHz mono",
      asc: fromHex("158856e500"),
      value: lc(8000, 1),
      codec: "mp4a.40.2",
    },
    {
      name: "explicit sample rate",
      asc: new BitWriter().bits(2, 5).bits(15, 4).bits(44_056, 24).bits(2, 4).bits(0, 3).take(),
      value: lc(44_056, 2),
      codec: "mp4a.40.2",
    },
    {
      name: "frames of 960 samples, core coder delay, SBR behind them",
      asc: new BitWriter().bits(2, 5).bits(7, 4).bits(2, 4).bits(0b11, 2).bits(98, 14).bits(0, 1)
        .bits(0x2b7, 11).bits(5, 5).bits(1, 1).bits(4, 4).take(),
      value: { ...LC, sampleRate: 22_050, sbr: true, samplesPerFrame: 960 },
      codec: "mp4a.40.5",
    },
    {
      name: "low delay",
      asc: new BitWriter().bits(23, 5).bits(4, 4).bits(2, 4).bits(0b101, 3).bits(0, 4).bits(0, 2)
        .take(),
      value: { ...LC, objectType: 23, samplesPerFrame: 480 },
      codec: "mp4a.40.23",
    },
    {
      name: "SBR, hierarchical",
      asc: new BitWriter().bits(5, 5).bits(7, 4).bits(2, 4).bits(4, 4).bits(2, 5).bits(0, 3).take(),
      value: { ...LC, sampleRate: 22_050, sbr: true },
      codec: "mp4a.40.5",
    },
    {
      name: "PS, hierarchical",
      asc: new BitWriter().bits(29, 5).bits(7, 4).bits(1, 4).bits(4, 4).bits(2, 5).bits(0, 3)
        .take(),
      value: { ...LC, sampleRate: 22_050, channels: 1, sbr: true, ps: true },
      codec: "mp4a.40.29",
    },
    {
      name: "SBR, backward compatible",
      asc: fromHex("139056e5a0"),
      value: { ...LC, sampleRate: 22_050, sbr: true },
      codec: "mp4a.40.5",
    },
    {
      name: "SBR and PS, backward compatible",
      asc: fromHex("138856e5a54880"),
      value: { ...LC, sampleRate: 22_050, channels: 1, sbr: true, ps: true },
      codec: "mp4a.40.29",
    },
    {
      name: "SBR at an explicit rate, backward compatible",
      asc: new BitWriter().bits(2, 5).bits(7, 4).bits(2, 4).bits(0, 3).bits(0x2b7, 11).bits(5, 5)
        .bits(1, 1).bits(15, 4).bits(44_056, 24).take(),
      value: { ...LC, sampleRate: 22_050, sbr: true, outputSampleRate: 44_056 },
      codec: "mp4a.40.5",
    },
    {
      name: "program config element: 2 pairs, 1 single, 1 LFE, a comment",
      asc: new BitWriter().bits(2, 5).bits(3, 4).bits(0, 4).bits(0, 3)
        .bits(0, 4).bits(1, 2).bits(3, 4).bits(2, 4).bits(0, 4).bits(1, 4).bits(1, 2).bits(1, 3)
        .bits(1, 4).bits(1, 1).bits(0, 4).bits(1, 1).bits(0, 4).bits(1, 1).bits(0, 3)
        .bits(0, 5).bits(0b10001, 5).bits(0b10010, 5).bits(0, 4).bits(0, 4).bits(0, 5)
        .bits(0, 7).bits(2, 8).bits(0xabcd, 16).take(),
      value: lc(48_000, 6),
      codec: "mp4a.40.2",
    },
  ];

for (const { name, asc, value, codec } of TABLE) {
  Deno.test(`AudioSpecificConfig: ${name}`, () => {
    assertEquals(parseAacConfiguration(asc), value);
    assertEquals(aacCodecString(value), codec);
  });
  Deno.test(`AudioSpecificConfig: ${name}, with zeros behind it`, () => {
    assertEquals(parseAacConfiguration(Uint8Array.of(...asc, 0, 0, 0, 0)), value);
  });
}

Deno.test("AudioSpecificConfig: a comment of its program config element must be whole", () => {
  const { asc } = TABLE.at(-1)!;
  for (let length = 0; length < asc.length; length++) {
    assertThrows(() => parseAacConfiguration(asc.subarray(0, length)), CodecError);
  }
});

Deno.test("AudioSpecificConfig: reserved and foreign values are refused", () => {
  const config = (objectType: number, rateIndex: number, channels: number) =>
    new BitWriter().bits(objectType, 5).bits(rateIndex, 4).bits(channels, 4).bits(0, 11).take();
  const refused = [
    [config(0, 4, 2), "object type must be AAC, got 0"],
    [config(8, 4, 2), "object type must be AAC, got 8"],
    [config(2, 13, 2), "got index 13"],
    [config(2, 14, 2), "got index 14"],
    [new BitWriter().bits(2, 5).bits(15, 4).bits(0, 24).bits(0, 16).take(), "got index 15"],
    [config(2, 4, 8), "channel configuration must have channels, got 8"],
    [config(2, 4, 15), "channel configuration must have channels, got 15"],
    [new BitWriter().bits(31, 5).bits(10, 6).bits(4, 4).bits(2, 4).take(), "got 42"],
    [new BitWriter().bits(17, 5).bits(4, 4).bits(2, 4).bits(0, 3).bits(2, 2).take(), "epConfig"],
    [new BitWriter().bits(2, 5).bits(4, 4).bits(0, 4).bits(0, 80).take(), "got 0"],
  ] as const;
  for (const [asc, message] of refused) {
    assertThrows(() => parseAacConfiguration(asc), CodecError, message);
  }
});

Deno.test("AudioSpecificConfig survives mutations", () => {
  surviveMutations(ASC_SAMPLES, parseAacConfiguration, CodecError);
});
