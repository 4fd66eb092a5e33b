/** H.264 streams of libx264 without what a receiver cannot reorder, beside the full ones. */
import { assertEquals } from "@std/assert";
import { type H264Configuration, parseH264Configuration } from "../../src/codec/h264/h264.ts";
import {
  type H264PictureVerdict,
  H264ReferenceTracker,
} from "../../src/codec/h264/reference_tracker.ts";
import { allowH264FrameNumGaps } from "../../testing/media/h264_frame_num_gaps.ts";
import { splitH264NalUnits } from "../../src/codec/h264/slice.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { runPeer } from "../../testing/peers.ts";
import { readRecording } from "./recording.ts";

/** A picture as it was published, and what was decided on it. */
export interface TrackedPicture {
  readonly accessUnit: Uint8Array;
  readonly ptsMs: number;
  readonly dtsMs: number;
  readonly verdict: H264PictureVerdict;
}

export interface TrackedStream {
  readonly configuration: H264Configuration;
  /** In decoding order. */
  readonly pictures: readonly TrackedPicture[];
}

/** How the kept pictures decode, by announcement. */
export interface Comparison {
  readonly pictures: number;
  readonly kept: number;
  readonly exact: number;
  /** Announced as exact, but different from the full stream's: must be 0. */
  readonly wrong: number;
  /** Not announced as exact, and different. */
  readonly different: number;
  readonly reasons: readonly string[];
}

const FRAMES = 120;

/** Encodes a source of lavfi, such as `testsrc2=size=320x180:rate=30`, to a file. */
export async function encodeFlv(
  path: string,
  source: string,
  args: readonly string[],
): Promise<void> {
  await runPeer("ffmpeg", [
    ...["-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", `${FRAMES}`],
    ...["-c:v", "libx264", "-pix_fmt", "yuv420p", ...args, path],
  ]);
}

/**
 * Reads a recording and tracks its pictures.
 *
 * @param isLost which pictures, by their place in decoding order, the publisher leaves out
 */
export async function trackFlv(
  path: string,
  isLost: (place: number) => boolean = () => false,
): Promise<TrackedStream> {
  const { tags } = readRecording(await Deno.readFile(path));
  const pictures: TrackedPicture[] = [];
  let configuration: H264Configuration | undefined;
  let tracker: H264ReferenceTracker | undefined;
  let place = 0;
  for (const { body, timestampMs } of tags.filter(({ kind }) => kind !== "metadata")) {
    const video = parseVideoBody(body);
    if (video.kind === "configuration") {
      configuration = parseH264Configuration(video.data);
      tracker = new H264ReferenceTracker(configuration);
    } else if (video.kind === "frame" && video.codec === "h264") {
      if (isLost(place++)) continue;
      const verdict = tracker!.track(video.data)!;
      const ptsMs = timestampMs + video.compositionTimeMs;
      pictures.push({ accessUnit: video.data, ptsMs, dtsMs: timestampMs, verdict });
    }
  }
  return { configuration: configuration!, pictures };
}

/** Decodes all pictures, and only the kept ones, through a file at `path`, and compares. */
export async function compareKept(path: string, stream: TrackedStream): Promise<Comparison> {
  const { pictures } = stream;
  const kept = pictures.filter(({ verdict }) => verdict.keep);
  const full = await decode(path, stream.configuration, pictures);
  const thinned = await decode(path, stream.configuration, kept);
  const sps = stream.configuration.sps.map(allowH264FrameNumGaps);
  const allowed = await decode(path, { ...stream.configuration, sps }, kept);
  assertEquals(allowed, thinned, "an SPS that allows the gaps changes no picture");
  assertEquals(full.length, pictures.length, "every picture of the full stream is shown");
  assertEquals(thinned.length, kept.length, "every kept picture is shown");
  const inOrder = pictures.toSorted((left, right) => left.ptsMs - right.ptsMs);
  const isSame = kept.map((picture, at) => full[inOrder.indexOf(picture)] === thinned[at]);
  const reasons = kept.map(({ verdict }) => verdict.reason).filter((reason) =>
    reason !== undefined
  );
  return {
    pictures: pictures.length,
    kept: kept.length,
    exact: kept.filter(({ verdict }) => verdict.exact).length,
    wrong: kept.filter(({ verdict }, at) => verdict.exact && !isSame[at]).length,
    different: kept.filter(({ verdict }, at) => !verdict.exact && !isSame[at]).length,
    reasons: [...new Set(reasons)],
  };
}

function annexB(
  { nalLengthSize, sps, pps }: H264Configuration,
  pictures: readonly TrackedPicture[],
): Uint8Array {
  const units = [...sps, ...pps];
  for (const { accessUnit } of pictures) {
    units.push(...splitH264NalUnits(accessUnit, nalLengthSize));
  }
  const bytes = new Uint8Array(units.reduce((sum, unit) => sum + unit.length + 4, 0));
  let at = 0;
  for (const unit of units) {
    bytes.set([0, 0, 0, 1], at);
    bytes.set(unit, at + 4);
    at += unit.length + 4;
  }
  return bytes;
}

/** The hash of every picture as it is shown, in that order. */
async function decode(
  path: string,
  configuration: H264Configuration,
  pictures: readonly TrackedPicture[],
): Promise<string[]> {
  await Deno.writeFile(path, annexB(configuration, pictures));
  // Fatal errors only: streams that lost pictures are decoded here too.
  const { stdout } = await runPeer("ffmpeg", [
    ...["-v", "fatal", "-threads", "1", "-f", "h264", "-flags", "+output_corrupt", "-i", path],
    ...["-map", "0:v", "-vsync", "passthrough", "-f", "framemd5", "-"],
  ]);
  return stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(",").at(-1)!.trim());
}
