/** A publisher of one picture in several sizes, by Enhanced RTMP with tracks, over and over. */
import { enhancedVideo, ofTrack } from "../../testing/media/enhanced_samples.ts";
import { runPeer } from "../../testing/peers.ts";
import { delay } from "../../testing/waiting.ts";
import { readRecording, type RecordedTag, type Recording } from "./recording.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";

/** One size of the picture. */
export interface EncodedSize {
  /** 16 to 9. */
  readonly width: number;
  readonly kbps: number;
}

/** Of the tracks from number 0 on. */
export const THREE_SIZES: readonly EncodedSize[] = [
  { width: 960, kbps: 2000 },
  { width: 480, kbps: 700 },
  { width: 240, kbps: 250 },
];

const FRAME_RATE = 30;
const SOUND_KBPS = 96;

/** Messages of all sizes and the sound, in the order of their time. */
export interface EncodedSizes {
  readonly recording: Recording;
  readonly durationMs: number;
}

/** How the sizes are encoded. */
export interface SizeOptions {
  /** Whole groups of pictures. */
  readonly durationS: number;
  /** Key frames come in all sizes at once. */
  readonly keyFrameS?: number;
}

/**
 * Encodes H.264 and AAC with a real encoder. The first group is left out: its key frame is as large
 * as the encoder's whole buffer, which comes once in a stream, and would come here with each round.
 */
export async function encodeSizes(
  sizes: readonly EncodedSize[],
  { durationS, keyFrameS = 2 }: SizeOptions,
): Promise<EncodedSizes> {
  const directory = await Deno.makeTempDir();
  try {
    const recordings = await Promise.all(sizes.map(async ({ width, kbps }, at) => {
      const path = `${directory}/${at}.flv`;
      await runPeer("ffmpeg", [
        ...["-v", "error", "-y", "-f", "lavfi", "-i"],
        `testsrc2=size=${width}x${width * 9 / 16}:rate=${FRAME_RATE},noise=alls=10:allf=t`,
        ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"],
        ...["-t", `${durationS + keyFrameS}`],
        ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"],
        ...["-profile:v", "main", "-pix_fmt", "yuv420p", "-g", `${keyFrameS * FRAME_RATE}`],
        ...["-sc_threshold", "0", "-b:v", `${kbps}k`, "-maxrate", `${kbps}k`],
        ...["-bufsize", `${kbps / 2}k`, "-c:a", "aac", "-b:a", `${SOUND_KBPS}k`, "-ac", "2", path],
      ]);
      return readRecording(await Deno.readFile(path));
    }));
    const tags = recordings.flatMap(({ tags }, trackId) =>
      tags.flatMap((tag) => trackId === 0 ? [tag] : ofOtherTrack(trackId, tag))
    ).filter(({ kind }) => kind !== "other").flatMap((tag) => {
      const timestampMs = tag.timestampMs - keyFrameS * 1000;
      if (timestampMs >= 0) return [{ ...tag, timestampMs }];
      const comesOnce = tag.kind === "metadata" || tag.kind.endsWith("configuration");
      return comesOnce ? [{ ...tag, timestampMs: 0 }] : [];
    });
    tags.sort((one, other) => one.timestampMs - other.timestampMs);
    return { recording: { ...recordings[0]!, tags }, durationMs: durationS * 1000 };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Publishes in real time, over and over. */
export async function publishSizes(
  port: number,
  [app, name]: readonly [app: string, name: string],
  { recording, durationMs }: EncodedSizes,
): Promise<AsyncDisposable> {
  const publisher = await RtmpPublisher.connect(port, app, name);
  const code = await publisher.answer();
  if (code !== "NetStream.Publish.Start") throw new Error(`Cannot publish: ${code}`);
  let isOver = false;
  const publishing = (async () => {
    const startedMs = performance.now();
    for (let round = 0; !isOver; round++) {
      for (const tag of recording.tags) {
        const timestampMs = round * durationMs + tag.timestampMs;
        while (!isOver && performance.now() - startedMs < timestampMs) await delay(5);
        if (isOver) return;
        await publisher.send({ ...recording, tags: [{ ...tag, timestampMs }] });
      }
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      await publishing;
      publisher.close();
    },
  };
}

/** A picture's message as one of a track with a number; no message of anything else. */
function ofOtherTrack(trackId: number, tag: RecordedTag): RecordedTag[] {
  const { kind, body } = tag;
  switch (kind) {
    case "video configuration": {
      const configuration = enhancedVideo("h264", "configuration", "key", body.subarray(5));
      return [{ ...tag, body: ofTrack(trackId, configuration) }];
    }
    case "key frame":
    case "inter frame": {
      const frameType = kind === "key frame" ? "key" : "inter";
      const frame = enhancedVideo("h264", "frame", frameType, body.subarray(2));
      return [{ ...tag, body: ofTrack(trackId, frame) }];
    }
    default:
      return [];
  }
}
