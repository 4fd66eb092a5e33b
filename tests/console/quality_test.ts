import { assertEquals } from "@std/assert";
import {
  describeQuality,
  qualityChoices,
  qualityRows,
  type ViewerQuality,
} from "../../src/console/quality.js";
import type { StreamInfo, TrackInfo } from "../../src/console/stream_list.js";

function picture(id: number, height: number | null, bitrateBps: number | null): TrackInfo {
  const width = height && Math.round(height * 16 / 9);
  return { kind: "video", id, isDefault: id === 0, width, height, bitrateBps };
}

function stream(...pictures: TrackInfo[]): StreamInfo {
  const sound = { kind: "audio", id: 0, isDefault: true } as const;
  return { app: "live", name: "a", state: "live", tracks: [...pictures, sound] };
}

const ONE = stream(picture(0, 720, 2_000_000));
const THREE = stream(
  picture(1, 240, 250_000),
  picture(0, 720, 2_000_000),
  picture(7, null, null),
);

function quality(
  pictures: ViewerQuality["pictures"],
  rid: string,
  availableBitrate: number | null = 900_000,
): ViewerQuality {
  return { pictures, rid, availableBitrate, neededBitrate: 2_100_000 };
}

Deno.test("there is a choice where there are several qualities, the largest first", () => {
  assertEquals(qualityChoices(undefined), []);
  assertEquals(qualityChoices(ONE), []);
  assertEquals(qualityChoices({ ...ONE, tracks: null }), []);
  assertEquals(qualityChoices(THREE), [
    { value: "", label: "Automatic" },
    { value: "0", label: "1280×720 · 2.00 Mbit/s" },
    { value: "1", label: "427×240 · 250 kbit/s" },
    { value: "7", label: "Track 7" },
    { value: "sound", label: "Sound only" },
  ]);
});

Deno.test("what is shown is told, and why it is not more", () => {
  const why = "your link carries 900 kbit/s of 2.10 Mbit/s";
  const cases = [
    [undefined, ONE, undefined, ""],
    [quality("all", "0"), ONE, undefined, ""],
    [quality("referenced", "0"), ONE, undefined, `Fewer pictures: ${why}`],
    [quality("beginning", "0"), ONE, undefined, `Fewer pictures: ${why}`],
    [quality("keyFrames", "0"), ONE, undefined, `Key frames only: ${why}`],
    [quality("sound", "0"), ONE, undefined, `Sound only: ${why}`],
    [quality("sound", "0", null), ONE, undefined, "Sound only"],
    [quality("all", "0"), THREE, undefined, "Automatic: 1280×720 · 2.00 Mbit/s"],
    [quality("all", "1"), THREE, undefined, `Automatic: 427×240 · 250 kbit/s: ${why}`],
    [quality("all", "1"), THREE, "1", "427×240 · 250 kbit/s"],
    [quality("all", "0"), THREE, "1", "Changing to 427×240 · 250 kbit/s"],
    [quality("all", "0"), THREE, "9", "1280×720 · 2.00 Mbit/s"],
    [
      quality("keyFrames", "1"),
      THREE,
      "1",
      `427×240 · 250 kbit/s, key frames only: ${why}`,
    ],
    [undefined, THREE, "sound", "Sound only, as chosen"],
  ] as const;
  for (const [told, of, chosen, text] of cases) {
    assertEquals(describeQuality(told, of, chosen), text);
  }
});

Deno.test("statistics have what is sent, and what the link carries", () => {
  assertEquals(qualityRows(undefined), []);
  assertEquals(qualityRows(quality("all", "0", null)), [
    ["Sent", "All pictures"],
    ["Link carries", "all of it"],
  ]);
});
