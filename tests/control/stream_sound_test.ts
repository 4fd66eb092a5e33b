import { assertEquals, assertMatch } from "@std/assert";
import { StreamSound } from "../../src/control/stream_sound.ts";
import type { SoundLosses } from "../../src/transcoding/transcoding_report.ts";

const AAC = { codec: "mp4a.40.2", sampleRate: 48_000, channels: 2, bitrateBps: null };

function report(id: number, dropped: SoundLosses, packets = 10) {
  return { id, packets, dropped, silenceMs: 0, restarts: 0 };
}

Deno.test("StreamSound: losses add up, over tracks and over transcodings", () => {
  const sound = new StreamSound("live/a");
  sound.take(report(1, { damaged: 3 }), undefined);
  sound.take(report(1, { damaged: 5, late: 1 }), undefined);
  sound.take(report(2, { damaged: 2 }), 4);
  // It was stopped, and started again.
  sound.take(report(3, { damaged: 1 }), undefined);
  sound.take(report(3, { damaged: 1 }), undefined);
  assertEquals(sound.describe(AAC), { dropped: { damaged: 8, late: 1 }, advice: null });
});

Deno.test("StreamSound: a failure is advice until there are packets", () => {
  const sound = new StreamSound("live/a");
  sound.failed("must be LC");
  assertMatch(sound.describe(AAC).advice!, /not heard over WebRTC: must be LC\. In OBS choose AAC/);
  sound.take(report(1, {}, 0), undefined);
  assertMatch(sound.describe(AAC).advice!, /must be LC/);
  sound.take(report(1, {}, 1), undefined);
  assertEquals(sound.describe(AAC).advice, null);
});

Deno.test("StreamSound: want of memory is told, and nothing that the publisher should change", () => {
  const sound = new StreamSound("live/a");
  sound.starved();
  assertEquals(
    sound.describe(AAC).advice,
    "The sound is not heard over WebRTC: no memory is left for it.",
  );
  sound.take(report(1, {}), undefined);
  assertEquals(sound.describe(AAC).advice, null);
});

Deno.test("StreamSound: what WebRTC has no sound of is told, with the remedy", () => {
  const sound = new StreamSound("live/a");
  const table = [
    [{ ...AAC, codec: "opus" }, undefined],
    [{ ...AAC, codec: "mp4a.40.29" }, undefined],
    [{ ...AAC, codec: "g711-alaw", channels: 1 }, undefined],
    [{ ...AAC, channels: 8 }, undefined],
    [{ ...AAC, codec: "opus", channels: 6 }, /Opus of 6 channels .* -ac 2/],
    [{ ...AAC, codec: "mp3" }, /the kind mp3 .* -c:a aac/],
    [{ ...AAC, codec: "mp4a.40.1" }, /the kind mp4a\.40\.1/],
  ] as const;
  for (const [audio, wanted] of table) {
    sound.note(audio);
    const { advice } = sound.describe(audio);
    if (wanted === undefined) assertEquals(advice, null);
    else assertMatch(advice!, wanted);
  }
  assertEquals(sound.describe(null).advice, null);
});
