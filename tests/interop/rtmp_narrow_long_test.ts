/** Players of RTMP whose link carries half of what is published. */
import { assert, assertEquals } from "@std/assert";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { wholeTags } from "./cut_recording.ts";
import { framesOf, readRecording, type Recording } from "./recording.ts";

/** An access unit of AAC at 48 kHz, in whole milliseconds, and what ffmpeg rounds. */
const MAX_SOUND_STEP_MS = 24;
/** At the rate of the pictures. */
const PICTURE_MS = 34;
/** Of 20 s: a busy machine, and what waits on the way, come off. */
const MIN_SOUND_MS = 8000;

for (const player of ["ffmpeg", "rtmpdump"] as const) {
  const name = `${player} over a narrow link gets all sound, and pictures from key frames on`;
  const ignore = lossyNetworkMissing() || isPeerMissing(name, ["ffmpeg", player]);
  Deno.test({ name, ignore }, async () => {
    const path = await Deno.makeTempFile({ suffix: ".flv" });
    try {
      const module = new URL("rtmp_narrow_watch.ts", import.meta.url);
      assertEquals((await runInLossyNetwork(module, [player, path])).trim(), "");
      const recording = readRecording(wholeTags(await Deno.readFile(path)));
      assertSound(recording);
      assertPictures(recording);
    } finally {
      await Deno.remove(path);
    }
  });
}

/** It has no gap from its beginning to its end. */
function assertSound(recording: Recording): void {
  const times = framesOf(recording, { audio: true, video: false })
    .map(({ timestampMs }) => timestampMs);
  const steps = times.slice(1).map((timeMs, at) => timeMs - times[at]!);
  assert(Math.max(...steps) <= MAX_SOUND_STEP_MS, `sound is missing: ${Math.max(...steps)} ms`);
  const soundMs = times.at(-1)! - times[0]!;
  assert(soundMs > MIN_SOUND_MS, `${soundMs} ms of sound`);
}

/** Whatever comes behind a gap begins with a key frame; and there are gaps. */
function assertPictures(recording: Recording): void {
  const pictures = framesOf(recording, { audio: false, video: true });
  const resumed = pictures.filter(({ timestampMs }, at) =>
    at > 0 && timestampMs - pictures[at - 1]!.timestampMs > PICTURE_MS
  );
  assert(resumed.length > 0, "some pictures are left out");
  assertEquals(resumed.map(({ kind }) => kind), resumed.map(() => "key frame"));
}
