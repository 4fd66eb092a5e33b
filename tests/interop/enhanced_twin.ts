/** A publisher of H.264 and AAC by Enhanced RTMP alone: default tracks, and others with number 1. */
import { enhancedAudio, enhancedVideo, ofTrack } from "../../testing/media/enhanced_samples.ts";
import { runPeer } from "../../testing/peers.ts";
import { readRecording, type RecordedTag, type Recording } from "./recording.ts";

/** Widths that tell the tracks apart; heights are half of them. */
export const MAIN_WIDTH = 320;
export const OTHER_WIDTH = 160;

/** A recording whose messages are Enhanced ones, with composition times (there are B-frames). */
export async function encodeEnhancedTwins(durationS: number): Promise<Recording> {
  const main = await encode(MAIN_WIDTH, durationS);
  const other = await encode(OTHER_WIDTH, durationS);
  const tags = [
    ...main.tags.map(enhanced),
    ...other.tags.filter(({ kind }) => kind !== "metadata").map(enhanced)
      .map((tag) => ({ ...tag, body: ofTrack(1, tag.body) })),
  ];
  tags.sort((one, other) => one.timestampMs - other.timestampMs);
  return { ...main, tags };
}

async function encode(width: number, durationS: number): Promise<Recording> {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    await runPeer("ffmpeg", [
      ...["-v", "error", "-y", "-f", "lavfi", "-i", `testsrc2=size=${width}x${width / 2}:rate=25`],
      ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", `${durationS}`],
      ...["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25", "-sc_threshold", "0"],
      ...["-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", path],
    ]);
    const recording = readRecording(await Deno.readFile(path));
    // ffmpeg ends pictures by an end of sequence, which is "other" here.
    return { ...recording, tags: recording.tags.filter(({ kind }) => kind !== "other") };
  } finally {
    await Deno.remove(path);
  }
}

function enhanced(tag: RecordedTag): RecordedTag {
  const { kind, body } = tag;
  switch (kind) {
    case "video configuration":
      return {
        ...tag,
        body: enhancedVideo("h264", "configuration", "key", body.subarray(5)),
      };
    case "key frame":
    case "inter frame": {
      const frameType = kind === "key frame" ? "key" : "inter";
      return { ...tag, body: enhancedVideo("h264", "frame", frameType, body.subarray(2)) };
    }
    case "audio configuration":
      return { ...tag, body: enhancedAudio("aac", "configuration", body.subarray(2)) };
    case "audio frame":
      return { ...tag, body: enhancedAudio("aac", "frame", body.subarray(2)) };
    default:
      return tag;
  }
}
