import { assertEquals } from "@std/assert";
import type { AudioBody, AudioFrame } from "../../src/flv/audio_body.ts";
import { encodeOpusBody } from "../../src/flv/audio_body_writer.ts";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { AUDIO_BODY_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex, surviveMutations } from "../../testing/mutation.ts";
import { assertMalformed, NoError } from "../../testing/malformed.ts";

function frame(
  codec: AudioFrame["codec"],
  sampleRate?: number,
  channels?: number,
  bitsPerSample?: number,
): AudioFrame {
  const data = fromHex("aabb");
  return {
    kind: "frame",
    codec,
    sampleRate,
    channels,
    bitsPerSample,
    timestampOffsetNs: 0,
    data,
  };
}

/** First bytes as ffmpeg writes them for the rates and channels named, unless FLV alone has it. */
const TABLE: readonly { name: string; hex: string; audio: AudioBody }[] = [
  {
    name: "AAC configuration",
    hex: "af 00 1210",
    audio: { kind: "configuration", codec: "aac", data: fromHex("1210") },
  },
  { name: "AAC frame", hex: "af 01 aabb", audio: frame("aac") },
  { name: "MP3 44.1 kHz stereo", hex: "2f aabb", audio: frame("mp3", 44_100, 2) },
  { name: "MP3 22.05 kHz mono", hex: "2a aabb", audio: frame("mp3", 22_050, 1) },
  { name: "MP3 11.025 kHz stereo", hex: "27 aabb", audio: frame("mp3", 11_025, 2) },
  { name: "MP3 8 kHz", hex: "e2 aabb", audio: frame("mp3", 8000, 1) },
  { name: "PCM 44.1 kHz stereo", hex: "3f aabb", audio: frame("pcm", 44_100, 2, 16) },
  { name: "PCM 5.5 kHz, 8 bits", hex: "30 aabb", audio: frame("pcm", 5512, 1, 8) },
  { name: "PCM, platform endian", hex: "0e aabb", audio: frame("pcm-native", 44_100, 1, 16) },
  { name: "ADPCM", hex: "1e aabb", audio: frame("adpcm", 44_100, 1) },
  { name: "G.711 A-law", hex: "72 aabb", audio: frame("g711-alaw", 8000, 1) },
  { name: "G.711 mu-law stereo", hex: "83 aabb", audio: frame("g711-mulaw", 8000, 2) },
  { name: "Nellymoser 16 kHz", hex: "42 aabb", audio: frame("nellymoser", 16_000, 1) },
  { name: "Nellymoser 8 kHz", hex: "52 aabb", audio: frame("nellymoser", 8000, 1) },
  { name: "Nellymoser", hex: "6b aabb", audio: frame("nellymoser", 22_050, 2) },
  { name: "Speex", hex: "b6 aabb", audio: frame("speex", 16_000, 1) },
  { name: "codec 12", hex: "c0 aabb", audio: { kind: "unsupported", codecId: 12 } },
  { name: "codec 13", hex: "df aabb", audio: { kind: "unsupported", codecId: 13 } },
  { name: "device-specific", hex: "ff aabb", audio: { kind: "unsupported", codecId: 15 } },
  { name: "no bytes", hex: "", audio: { kind: "empty" } },
  { name: "AAC without sound", hex: "af 01", audio: { kind: "empty" } },
  { name: "MP3 without sound", hex: "2f", audio: { kind: "empty" } },
];

for (const { name, hex, audio } of TABLE) {
  Deno.test(`audio body: ${name}`, () => assertEquals(parseAudioBody(fromHex(hex)), audio));
}

Deno.test("audio body: refused if cut short or undefined", () => {
  const table = [
    ["af", "AACPacketType must be 0 or 1, got undefined"],
    ["af02aa", "got 2"],
  ] as const;
  for (const [hex, message] of table) {
    assertMalformed(parseAudioBody(fromHex(hex)), message, hex);
  }
});

Deno.test("audio body: Opus as it is written", () => {
  const data = fromHex("fcfffe");
  for (const kind of ["configuration", "frame"] as const) {
    const audio = parseAudioBody(encodeOpusBody(kind, data));
    assertEquals(audio.kind, kind);
    assertEquals("data" in audio && audio.data, data);
  }
  assertEquals(encodeOpusBody("frame", data), fromHex("91 4f707573 fcfffe"));
});

Deno.test("audio body: data borrow from it", () => {
  const body = fromHex("af 01 aabb");
  const audio = parseAudioBody(body);
  assertEquals(audio.kind === "frame" && audio.data.buffer === body.buffer, true);
});

Deno.test("audio body survives mutations", () => {
  surviveMutations(AUDIO_BODY_SAMPLES, parseAudioBody, NoError);
});
