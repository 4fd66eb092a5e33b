import { assertEquals } from "@std/assert";
import { type MpegAudioHeader, parseMpegAudioHeader } from "../../../src/codec/sound/mp3.ts";
import { MPEG_AUDIO_SAMPLES } from "../../../testing/media/corpus.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { assertMalformed, NoError } from "../../../testing/malformed.ts";

/** layer, sampleRate, channels, bitrateBps, samplesPerFrame */
type Row = [1 | 2 | 3, number, 1 | 2, number | undefined, number];

const TABLE: readonly { name: string; hex: string; row: Row }[] = [
  // ffmpeg -f lavfi -i sine=sample_rate=R -ac C -c:a mp3 -b:a B x.flv
  { name: "ffmpeg 44.1 kHz stereo 128k", hex: "fffb9064", row: [3, 44_100, 2, 128_000, 1152] },
  { name: "ffmpeg 22.05 kHz mono 64k", hex: "fff380c4", row: [3, 22_050, 1, 64_000, 576] },
  // ffmpeg -f lavfi -i sine=sample_rate=48000 -c:a mp2 -b:a 192k m.mp2
  { name: "ffmpeg MP2 48 kHz mono 192k", hex: "fffda4c4", row: [2, 48_000, 1, 192_000, 1152] },
  { name: "layer I", hex: "ffffe800", row: [1, 32_000, 2, 448_000, 384] },
  { name: "MPEG 2.5 at 8 kHz", hex: "ffe318c0", row: [3, 8000, 1, 8000, 576] },
  { name: "MPEG-2 layer I", hex: "fff7e400", row: [1, 24_000, 2, 256_000, 384] },
  { name: "free format", hex: "fffb0000", row: [3, 44_100, 2, undefined, 1152] },
];

for (const { name, hex, row } of TABLE) {
  const [layer, sampleRate, channels, bitrateBps, samplesPerFrame] = row;
  const kind = "mpeg-audio";
  const header: MpegAudioHeader = {
    kind,
    layer,
    sampleRate,
    channels,
    bitrateBps,
    samplesPerFrame,
  };
  Deno.test(`MPEG audio header: ${name}`, () => {
    assertEquals(parseMpegAudioHeader(fromHex(hex)), header);
    assertEquals(parseMpegAudioHeader(fromHex(hex + "ffff")), header);
  });
}

Deno.test("MPEG audio header: reserved values are refused", () => {
  const refused = [
    "00000000",
    "ffdb9064",
    "ffeb9064",
    "fff99064",
    "fffbf064",
    "fffb9c64",
    "49443304",
  ];
  for (const hex of refused) {
    assertMalformed(parseMpegAudioHeader(fromHex(hex)), `got ${parseInt(hex, 16)}`);
  }
  assertMalformed(parseMpegAudioHeader(fromHex("fffb90")), "must have 4 bytes, got 3");
});

Deno.test("MPEG audio header survives mutations", () => {
  surviveMutations(MPEG_AUDIO_SAMPLES, parseMpegAudioHeader, NoError);
});
