import { assertEquals } from "@std/assert";
import {
  formatBitrate,
  formatCodec,
  formatDuration,
  formatMilliseconds,
  formatMoreTracks,
  formatPercentage,
  formatPicture,
  formatSeconds,
  formatSound,
} from "../../src/console/format.js";

Deno.test("formatCodec names profiles and levels, and keeps what it does not know", () => {
  const names = [
    ["avc1.64001f", "H.264 High 3.1"],
    ["avc1.4d401f", "H.264 Main 3.1"],
    ["avc1.42E01E", "H.264 Baseline 3.0"],
    ["avc1.ff001f", "H.264 profile ff 3.1"],
    ["hvc1.1.6.L93.B0", "HEVC"],
    ["av01.0.04M.08", "AV1"],
    ["mp4a.40.2", "AAC-LC"],
    ["mp4a.40.29", "HE-AAC v2"],
    ["opus", "Opus"],
    ["<b>", "<b>"],
    ["", "–"],
  ] as const;
  for (const [codec, name] of names) assertEquals(formatCodec(codec), name);
  assertEquals(formatCodec(null), "–");
});

Deno.test("formatBitrate changes its unit at a million bits per second", () => {
  assertEquals(formatBitrate(999_499), "999 kbit/s");
  assertEquals(formatBitrate(1_000_000), "1.00 Mbit/s");
  assertEquals(formatBitrate(0), "0 kbit/s");
  assertEquals(formatBitrate(undefined), "–");
  assertEquals(formatBitrate(NaN), "–");
});

Deno.test("formatDuration shows the two largest units", () => {
  assertEquals(formatDuration(59_999), "59 s");
  assertEquals(formatDuration(60_000), "1 min 00 s");
  assertEquals(formatDuration(3_599_999), "59 min 59 s");
  assertEquals(formatDuration(3_600_000), "1 h 00 min");
  assertEquals(formatDuration(26 * 3_600_000), "1 d 02 h");
  assertEquals(formatDuration(null), "–");
});

Deno.test("formatPicture and formatSound leave out what is not known", () => {
  assertEquals(
    formatPicture({ width: 1280, height: 720, frameRate: 29.97003 }),
    "1280×720 · 29.97 fps",
  );
  assertEquals(formatPicture({ width: 1280, height: 720, frameRate: null }), "1280×720");
  assertEquals(formatPicture({ frameRate: 25 }), "25 fps");
  assertEquals(formatPicture({ width: 0, height: 0 }), "");
  assertEquals(formatPicture(null), "");
  assertEquals(formatSound({ sampleRate: 44100, channels: 1 }), "44.1 kHz · mono");
  assertEquals(formatSound({ channels: 4 }), "4 ch");
  assertEquals(formatSeconds(2000), "2.0 s");
});

Deno.test("formatMilliseconds and formatPercentage round, and leave out what is not known", () => {
  assertEquals(formatMilliseconds(41.6), "42 ms");
  assertEquals(formatMilliseconds(undefined), "–");
  assertEquals(formatPercentage(0.00345), "0.34 %");
  assertEquals(formatPercentage(1), "100.00 %");
  assertEquals(formatPercentage(NaN), "–");
});

Deno.test("formatMoreTracks counts tracks of a kind besides the default one", () => {
  const track = (kind: string, isDefault: boolean) => ({ kind, isDefault });
  const tracks = [track("video", true), track("video", false), track("audio", true)];
  assertEquals(formatMoreTracks(tracks, "video"), "1 more track");
  assertEquals(formatMoreTracks([...tracks, track("video", false)], "video"), "2 more tracks");
  assertEquals(formatMoreTracks(tracks, "audio"), "");
  assertEquals(formatMoreTracks(undefined, "audio"), "");
});
