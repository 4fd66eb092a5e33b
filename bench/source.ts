/** Frames per second of the source. */
export const SOURCE_FPS = 30;

/** What a source is encoded as. */
export interface SourceFormat {
  readonly size: string;
  readonly videoKbps: number;
  readonly audioKbps: number;
  /** Pictures from key frame to key frame; of two seconds without. */
  readonly groupFrames?: number;
}

export const USUAL_SOURCE: SourceFormat = { size: "1280x720", videoKbps: 2000, audioKbps: 128 };

/** 500 kbit/s in all: what hundreds of cameras send. */
export const SMALL_SOURCE: SourceFormat = { size: "640x360", videoKbps: 436, audioKbps: 64 };

/** 1 Mbit/s in all: a camera in a browser. */
export const CAMERA_SOURCE: SourceFormat = { size: "960x540", videoKbps: 936, audioKbps: 64 };

/** The same with one key frame in all: browsers send others only when they are asked. */
export const ASKED_SOURCE: SourceFormat = { ...CAMERA_SOURCE, groupFrames: 20 * SOURCE_FPS };

const VIDEO_ARGS = (
  "-pix_fmt yuv420p -c:v libx264 -preset veryfast -profile:v main -bf 0 -sc_threshold 0 " +
  "-x264-params nal-hrd=cbr"
).split(" ");

/** A rate of video that test pictures alone would not need; noise and CBR make it real. */
function rateArgs(kbps: number): string[] {
  const rate = `${kbps}k`;
  return ["-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", `${kbps / 2}k`];
}

/**
 * Makes 20 s of H.264 with AAC as an FLV file in `folder`.
 *
 * @returns the file's path
 * @throws {Error} when ffmpeg fails
 */
export async function makeSource(folder: string, format = USUAL_SOURCE): Promise<string> {
  const { size, videoKbps, audioKbps, groupFrames = 2 * SOURCE_FPS } = format;
  const path = `${folder}/source-${size}-${groupFrames}.flv`;
  const picture = `testsrc2=size=${size}:rate=${SOURCE_FPS},noise=alls=12:allf=t`;
  const sound = "sine=frequency=440:sample_rate=48000";
  const { success, stderr } = await new Deno.Command("ffmpeg", {
    args: [
      ...["-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", picture],
      ...["-f", "lavfi", "-i", sound, "-t", "20", ...VIDEO_ARGS],
      ...["-g", `${groupFrames}`, "-keyint_min", `${groupFrames}`],
      ...rateArgs(videoKbps),
      ...["-c:a", "aac", "-b:a", `${audioKbps}k`, "-ac", "2", "-f", "flv", path],
    ],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot make source: ${new TextDecoder().decode(stderr)}`);
  return path;
}
