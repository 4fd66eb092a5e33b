/** Frames per second of the source. */
export const SOURCE_FPS = 30;

/** A rate of video that test pictures alone would not need; noise and CBR make it real. */
const VIDEO_ARGS = (
  "-pix_fmt yuv420p -c:v libx264 -preset veryfast -profile:v main -bf 0 -g 60 -keyint_min 60 " +
  "-sc_threshold 0 -b:v 2M -minrate 2M -maxrate 2M -bufsize 1M -x264-params nal-hrd=cbr"
).split(" ");

/**
 * Makes 20 s of 1280x720 H.264 at 2 Mbit/s with AAC at 128 kbit/s as an FLV file in `folder`.
 *
 * @returns the file's path
 * @throws {Error} when ffmpeg fails
 */
export async function makeSource(folder: string): Promise<string> {
  const path = `${folder}/source.flv`;
  const picture = `testsrc2=size=1280x720:rate=${SOURCE_FPS},noise=alls=12:allf=t`;
  const sound = "sine=frequency=440:sample_rate=48000";
  const { success, stderr } = await new Deno.Command("ffmpeg", {
    args: [
      ...["-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", picture],
      ...["-f", "lavfi", "-i", sound, "-t", "20", ...VIDEO_ARGS],
      ...["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-f", "flv", path],
    ],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot make source: ${new TextDecoder().decode(stderr)}`);
  return path;
}
