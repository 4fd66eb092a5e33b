/// <reference lib="deno.worker" />

/** Writes self-describing frames to a log, as fast as it can, until it is told the time is over. */

import type { SharedLog } from "../../src/stream/log_arena.ts";
import { TAG_AUDIO, TAG_VIDEO } from "../../src/flv/tag.ts";
import { RecordFlag, Slot, Track } from "../../src/stream/log_layout.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { seededRandom } from "../../testing/mutation.ts";
import {
  AUDIO_CONFIGURATION,
  audioFrame,
  MIN_VIDEO_SIZE,
  VIDEO_CONFIGURATION,
  videoFrame,
} from "../../testing/media/self_describing.ts";

export interface WriterTask {
  readonly log: SharedLog;
  readonly durationMs: number;
  /** Frames from key frame to key frame. */
  readonly groupFrames: number;
  readonly maxFrameSize: number;
  readonly seed: number;
}

function write({ log, durationMs, groupFrames, maxFrameSize, seed }: WriterTask): number {
  const random = seededRandom(seed);
  const writer = new LogWriter(log, { windowMs: 500 });
  writer.writeSlot(Slot.videoConfiguration, VIDEO_CONFIGURATION);
  writer.writeSlot(Slot.audioConfiguration, AUDIO_CONFIGURATION);
  writer.setTracks(Track.video | Track.audio, true);
  const endMs = performance.now() + durationMs;
  let sequence = 0;
  for (; performance.now() < endMs; sequence++) {
    const timestampMs = sequence;
    const isKeyFrame = sequence % groupFrames === 0;
    const size = MIN_VIDEO_SIZE + Math.floor(random() ** 3 * maxFrameSize);
    writer.append({
      type: TAG_VIDEO,
      timestampMs,
      body: videoFrame({ sequence, timestampMs, isKeyFrame }, size),
      flags: RecordFlag.video | (isKeyFrame ? RecordFlag.keyFrame : 0),
    });
    const audio = audioFrame({ sequence, timestampMs }, 100);
    writer.append({ type: TAG_AUDIO, timestampMs, body: audio, flags: RecordFlag.audio });
    writer.flush();
  }
  return sequence;
}

self.addEventListener("message", ({ data }: MessageEvent<WriterTask>) => {
  self.postMessage(write(data));
});
