import { runPeer } from "../../testing/peers.ts";

/** The output of ffmpeg's framemd5. */
export interface Frame {
  readonly stream: number;
  readonly ptsTicks: number;
  readonly hash: string;
}

/** Reads what ffmpeg wrote to a file. */
export async function readFrames(path: string): Promise<Frame[]> {
  return framesIn(await Deno.readTextFile(path));
}

/** A hash of each picture that ffmpeg shows when it plays a file, in order. */
export async function shownPictures(path: string): Promise<string[]> {
  const asTheyCome = ["-fps_mode", "passthrough", "-enc_time_base", "-1"];
  const { stdout } = await runPeer("ffmpeg", [
    ...["-v", "error", "-i", path, "-map", "0:v", "-pix_fmt", "yuv420p"],
    ...[...asTheyCome, "-f", "framemd5", "-"],
  ]);
  return framesIn(stdout).map(({ hash }) => hash);
}

/** Lines such as "0,  3000,  3000,  3000,  12345, 0123…" behind comments. */
function framesIn(text: string): Frame[] {
  return text.split("\n").filter((line) => /^\d/.test(line)).map((line) => {
    const fields = line.split(",").map((field) => field.trim());
    return { stream: Number(fields[0]), ptsTicks: Number(fields[2]), hash: fields[5]! };
  });
}
